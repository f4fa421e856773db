"""Negotiates producers and consumers with `hubbub_ortc`, and translates its errors to HubbubError."""

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
    offer_red,
    validate_rtp_capabilities,
    validate_rtp_parameters,
    with_endpoint_numbers,
    with_router_ids,
    without_red,
)
from hubbub_ortc import header_extensions as uris
from hubbub_ortc.types import RtpCapabilities, RtpParameters

from .core_specs import checked_cname, consumer_spec, producer_spec, producer_type
from .entities import AnyProducer

_MAX_DEPTH: Final = 16
_SSRC_ATTEMPTS: Final = 16
_ESTIMATION: Final = frozenset({uris.TRANSPORT_WIDE_CC, uris.ABS_SEND_TIME})


@dataclass(frozen=True, slots=True)
class NegotiatedProducer:
    """The result of `produce`."""

    spec: ProducerSpec
    consumable: RtpParameters
    """The parameters from which consumers are derived."""
    type: ConsumerType


@dataclass(frozen=True, slots=True)
class NegotiatedConsumer:
    """The result of `consume`."""

    spec: ConsumerSpec
    parameters: RtpParameters
    """The parameters for the consuming client."""

    @property
    def ssrcs(self) -> set[int]:
        """The SSRCs that the consumer uses on its transport."""
        return {self.spec.ssrc} | ({self.spec.rtx_ssrc} if self.spec.rtx_ssrc is not None else set())


def produce(
    kind: MediaKind,
    given: dict[str, Any],
    router: RtpCapabilities,
    *,
    cname: str,
    paused: bool,
    is_microphone: bool = True,
) -> NegotiatedProducer:
    """Negotiates a producer.

    Arguments:
        given: the client's `rtpParameters`, as received.
        router: the capabilities of the room's router.
        cname: used when the client's parameters have none.
        is_microphone: of audio, see `ProducerSpec`.

    Raises `invalid_argument` for malformed parameters and `unsupported` for a codec that the router does not support.
    """
    with _translated_errors("rtpParameters"):
        parameters = validate_rtp_parameters(without_nulls(given))
        check_wire_limits(parameters)
        parameters["rtcp"]["cname"] = checked_cname(parameters["rtcp"].get("cname"), cname)
        mapping, negotiated = get_producer_rtp_parameters_mapping(parameters, router)
        consumable = offer_red(get_consumable_rtp_parameters(kind, negotiated, router, mapping), router)
        spec = producer_spec(kind, negotiated, mapping, paused=paused, is_microphone=is_microphone)
        return NegotiatedProducer(spec, consumable, producer_type(negotiated))


def consume(
    kind: MediaKind,
    consumable: RtpParameters,
    given: dict[str, Any],
    *,
    mid: str,
    is_used: Callable[[int], bool],
    estimated: bool = True,
    endpoint_numbers: bool = False,
) -> NegotiatedConsumer:
    """Negotiates a consumer.

    Arguments:
        consumable: from the producer's negotiation.
        given: the client's `rtpCapabilities`, as received.
        mid: the consumer's MID on its transport.
        is_used: whether the transport has used an SSRC before.
        estimated: the bandwidth of the transport is estimated; if not, no feedback for that is negotiated.
        endpoint_numbers: use the payload types and header extension ids of `given`, instead of the router's.

    Raises `invalid_argument` for malformed capabilities and `unsupported` when the client has no matching codec.
    """
    with _translated_errors("rtpCapabilities"):
        capabilities = validate_rtp_capabilities(without_nulls(given))
        if not estimated:
            capabilities = _without_estimation(capabilities)
        if not can_consume(without_red(consumable), capabilities):
            raise HubbubError(ErrorCode.UNSUPPORTED, "the client supports no codec of this producer")
        matched = with_router_ids(capabilities, consumable) if endpoint_numbers else capabilities
        for _ in range(_SSRC_ATTEMPTS):
            parameters = get_consumer_rtp_parameters(consumable, matched, enable_rtx=kind == "video")
            router_types = None
            if endpoint_numbers:
                parameters, router_types = with_endpoint_numbers(parameters, capabilities)
            parameters["mid"] = mid
            consumed = NegotiatedConsumer(consumer_spec(kind, parameters, router_types), parameters)
            if not any(is_used(ssrc) for ssrc in consumed.ssrcs):
                return consumed
        raise HubbubError(ErrorCode.UNAVAILABLE, "found no unused SSRC for this transport", retryable=True)


def piped_parameters(given: dict[str, Any]) -> RtpParameters:
    """The parameters of a producer, from another node. Raises `invalid_argument`."""
    with _translated_errors("rtpParameters"):
        parameters = validate_rtp_parameters(without_nulls(given))
        check_wire_limits(parameters)
    if not parameters["rtcp"].get("cname"):
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "rtpParameters.rtcp.cname is required")
    if not parameters["encodings"] or any(encoding.get("ssrc") is None for encoding in parameters["encodings"]):
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "rtpParameters.encodings: each needs an SSRC")
    return parameters


def require_ssrcs(negotiated: NegotiatedProducer) -> None:
    """Raises `invalid_argument` for an encoding whose packets could not be told from others.

    A server may send without MID and RID, and then nothing but the announced SSRC identifies a stream.
    """
    for index, encoding in enumerate(negotiated.spec.encodings):
        if encoding.ssrc is None and encoding.rid is None:
            message = f"rtpParameters.encodings[{index}].ssrc is required on a plain transport"
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, message)


def is_same_track(one: AnyProducer, other: AnyProducer) -> bool:
    """Whether the consumers of one producer can decode the other: both have the same codecs and encodings."""

    def shape(producer: AnyProducer) -> tuple[object, ...]:
        codecs = [(each["payloadType"], each["mimeType"].lower()) for each in producer.consumable["codecs"]]
        return producer.kind, producer.type, len(producer.spec.encodings), codecs

    return shape(one) == shape(other)


def _without_estimation(capabilities: RtpCapabilities) -> RtpCapabilities:
    """The capabilities without the header extensions that bandwidth estimation needs, and so without its feedback."""
    extensions = [each for each in capabilities["headerExtensions"] if each["uri"] not in _ESTIMATION]
    return {**capabilities, "headerExtensions": extensions}


def without_nulls(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON value without its nulls: pymediasoup sends null for fields that are not set."""
    if depth > _MAX_DEPTH:
        raise InvalidParameters("nested too deeply")
    if isinstance(value, dict):
        return {key: without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item, depth + 1) for item in value if item is not None]
    return value


@contextmanager
def _translated_errors(field: str) -> Iterator[None]:
    try:
        yield
    except InvalidParameters as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{field}: {error}") from error
    except Unsupported as error:
        raise HubbubError(ErrorCode.UNSUPPORTED, f"{field}: {error}") from error
