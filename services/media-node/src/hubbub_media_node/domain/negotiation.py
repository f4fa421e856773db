"""From what a client sends to what the core makes and what other clients are told: `hubbub_ortc`, with our errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.types import ConsumerType, MediaKind
from hubbub_media_core.specs import ConsumerSpec, ProducerSpec
from hubbub_ortc import (
    InvalidParameters,
    Unsupported,
    can_consume,
    check_wire_limits,
    get_consumable_rtp_parameters,
    get_consumer_rtp_parameters,
    get_producer_rtp_parameters_mapping,
    validate_rtp_capabilities,
    validate_rtp_parameters,
)
from hubbub_ortc.types import RtpCapabilities, RtpParameters

from .specs import checked_cname, consumer_spec, producer_spec, producer_type

_MAX_DEPTH: Final = 16
_SSRC_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Produced:
    """A producer as negotiated."""

    spec: ProducerSpec
    consumable: RtpParameters
    type: ConsumerType


@dataclass(frozen=True, slots=True)
class Consumed:
    """A consumer as negotiated."""

    spec: ConsumerSpec
    parameters: RtpParameters
    """What its client is told."""

    @property
    def ssrcs(self) -> set[int]:
        """Those that it takes on its transport."""
        return {self.spec.ssrc} | ({self.spec.rtx_ssrc} if self.spec.rtx_ssrc is not None else set())


def produce(kind: MediaKind, given: dict[str, Any], router: RtpCapabilities, *, cname: str, paused: bool) -> Produced:
    """Negotiates a producer. `cname` is for a client that names none.

    `invalid_argument`: malformed; `unsupported`: the router does not speak a codec.
    """
    with _our_errors("rtpParameters"):
        parameters = validate_rtp_parameters(without_nulls(given))
        check_wire_limits(parameters)
        parameters["rtcp"]["cname"] = checked_cname(parameters["rtcp"].get("cname"), cname)
        mapping, negotiated = get_producer_rtp_parameters_mapping(parameters, router)
        consumable = get_consumable_rtp_parameters(kind, negotiated, router, mapping)
        spec = producer_spec(kind, negotiated, mapping, paused=paused)
        return Produced(spec, consumable, producer_type(negotiated))


def consume(
    kind: MediaKind,
    consumable: RtpParameters,
    given: dict[str, Any],
    *,
    mid: str,
    is_taken: Callable[[int], bool],
) -> Consumed:
    """Negotiates a consumer. `is_taken` tells the SSRCs that its transport has had.

    `invalid_argument`: malformed capabilities; `unsupported`: the client cannot receive this.
    """
    with _our_errors("rtpCapabilities"):
        capabilities = validate_rtp_capabilities(without_nulls(given))
        if not can_consume(consumable, capabilities):
            raise HubbubError(ErrorCode.UNSUPPORTED, "the client has no codec for this producer")
        for _ in range(_SSRC_TRIES):
            parameters = get_consumer_rtp_parameters(consumable, capabilities, enable_rtx=kind == "video")
            parameters["mid"] = mid
            consumed = Consumed(consumer_spec(kind, parameters), parameters)
            if not any(is_taken(ssrc) for ssrc in consumed.ssrcs):
                return consumed
        raise HubbubError(ErrorCode.UNAVAILABLE, "no SSRC is free on this transport", retryable=True)


def without_nulls(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON value in which what is null is absent: clients in Python send null for "not set"."""
    if depth > _MAX_DEPTH:
        raise InvalidParameters("nested too deeply")
    if isinstance(value, dict):
        return {key: without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item, depth + 1) for item in value if item is not None]
    return value


@contextmanager
def _our_errors(what: str) -> Iterator[None]:
    try:
        yield
    except InvalidParameters as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{what}: {error}") from error
    except Unsupported as error:
        raise HubbubError(ErrorCode.UNSUPPORTED, f"{what}: {error}") from error
