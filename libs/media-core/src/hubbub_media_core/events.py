"""What a worker tells.

Whatever ceases to exist is announced by exactly one `*Closed`, which precedes the reply to the command that
caused it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

CloseReason: TypeAlias = Literal[
    "requested",
    "transport_closed",
    "producer_closed",
    "router_closed",
    "handshake_timeout",
    "ice_timeout",
    "internal",
]

ErrorCode: TypeAlias = Literal[
    "not_found", "already_exists", "invalid_state", "invalid_spec", "limit_reached", "internal"
]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command: what was asked for, or why nothing was done."""

    request: int
    body: dict[str, Any]
    error: ErrorCode | None


@dataclass(frozen=True, slots=True)
class IceSelected:
    """ICE changed its state or selected another pair of addresses."""

    transport: int
    state: Literal["new", "connected"]
    remote: tuple[str, int]
    """IP address and port of the client."""
    local: str
    """IP address of ours that it is reached from; the port is the worker's."""
    protocol: Literal["udp", "tcp"]


@dataclass(frozen=True, slots=True)
class DtlsReceived:
    """A datagram of DTLS (first byte 20 to 63) came from a valid address of this transport."""

    transport: int
    datagram: bytes


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """A transport is gone."""

    transport: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class ProducerClosed:
    """A producer is gone."""

    producer: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class ConsumerClosed:
    """A consumer is gone."""

    consumer: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Fault:
    """A bug in the worker was contained; what it touched is closed with reason `internal`."""

    message: str
    """For the log."""


Event: TypeAlias = Reply | IceSelected | DtlsReceived | TransportClosed | ProducerClosed | ConsumerClosed | Fault


def _ice_selected(
    transport: int, state: Literal["new", "connected"], remote: str, local: str, protocol: Literal["udp", "tcp"]
) -> IceSelected:
    host, _, port = remote.rpartition(":")
    return IceSelected(transport, state, (host.strip("[]"), int(port)), local, protocol)


def _reply(request: int, ok: dict[str, Any] | None = None, error: ErrorCode | None = None) -> Reply:
    return Reply(request, ok or {}, error)


_PARSERS: Mapping[str, Callable[..., Event]] = {
    "reply": _reply,
    "ice_selected": _ice_selected,
    "dtls_received": DtlsReceived,
    "transport_closed": TransportClosed,
    "producer_closed": ProducerClosed,
    "consumer_closed": ConsumerClosed,
    "fault": Fault,
}


def parse(wire: Mapping[str, Any]) -> Event:
    """An event from the native module's dict; KeyError or TypeError when the two have diverged."""
    fields = dict(wire)
    return _PARSERS[fields.pop("type")](**fields)
