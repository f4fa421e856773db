"""Transports."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..base import Done, Model
from ..bus.transport import DtlsParameters, IceCandidate, IceParameters, SctpParameters
from ..types import Bitrate, Direction, Id
from .base import IceServer, Mutation, Push


class TransportReady(Model):
    """The options for `device.createSendTransport()` or `device.createRecvTransport()`."""

    id: Id
    """The transport's id."""
    ice_parameters: IceParameters
    """The server's ICE credentials."""
    ice_candidates: list[IceCandidate]
    """The server's addresses. They do not change while the transport exists."""
    dtls_parameters: DtlsParameters
    """The server's DTLS role and certificate fingerprints."""
    sctp_parameters: SctpParameters
    """The limits of the SCTP association for data channels."""
    ice_servers: list[IceServer]
    """STUN and TURN servers for the client's ICE agent; may be empty."""
    ice_transport_policy: Literal["all", "relay"] | None = None
    """The candidates that the client may use: `relay` means TURN only. Browsers default to `all`."""
    home: Literal["standby"] | None = None
    """As in the request. Absent: on the client's node, or on the one to which it moves. An older server ignores a
    `home` that it does not know."""


class CreateTransport(Mutation[TransportReady]):
    """Creates a WebRTC transport that either sends or receives."""

    event: ClassVar[str] = "createTransport"
    direction: Direction
    """`send` carries the client's producers, `recv` its consumers."""
    sctp_capabilities: dict[str, Any] | None = None
    """`device.sctpCapabilities`. Accepted for compatibility; the acknowledgement does not depend on it."""
    home: Literal["next", "standby"] | None = None
    """`next`: only while the client moves to another media node, which then has the transport; `invalid_state`
    otherwise. `standby`: on another media node, which hosts the client at once when its own dies; `unavailable` while
    there is none, `invalid_state` while the client moves. Absent: on the client's node."""


class ConnectTransport(Mutation[Done]):
    """Sets the client's DTLS parameters, once per transport. The acknowledgement precedes the DTLS handshake."""

    event: ClassVar[str] = "connectTransport"
    transport_id: Id
    """The transport to connect."""
    dtls_parameters: DtlsParameters
    """The client's DTLS role and certificate fingerprints, from the transport's `connect` event."""


class IceRestarted(Model):
    """The arguments for `transport.updateIceServers()` and `transport.restartIce()`."""

    ice_parameters: IceParameters
    """The server's new ICE credentials."""
    ice_servers: list[IceServer]
    """STUN and TURN servers with new TURN credentials; may be empty."""


class RestartIce(Mutation[IceRestarted]):
    """Replaces the ICE credentials of a transport, for example after the client's network changed."""

    event: ClassVar[str] = "restartIce"
    transport_id: Id
    """The transport to restart."""


class SetMaxIncomingBitrate(Mutation[Done]):
    """Limits what the client sends over a send transport. The browser's bandwidth estimation follows the limit."""

    event: ClassVar[str] = "setMaxIncomingBitrate"
    transport_id: Id
    """The client's send transport."""
    bitrate: Bitrate
    """bit/s, at least 100,000."""


class CloseTransport(Mutation[Done]):
    """Closes a transport with its producers and consumers."""

    event: ClassVar[str] = "closeTransport"
    transport_id: Id
    """The transport to close."""


class TransportClosed(Push):
    """The server closed a transport of this client. The client creates a new one if it still needs it."""

    event: ClassVar[str] = "transportClosed"
    transport_id: Id
    """The closed transport."""
    reason: str
    """`ice_timeout`, `handshake_timeout`, `dtls_failed`, `peer_closed`, `unconfirmed`, `node_lost`, `node_draining`,
    `internal` or `other`. More reasons may follow."""
