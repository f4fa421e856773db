"""Transports: made and connected on the media node."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..base import Done, Model, Request
from ..types import Direction, Id, RoomId, RtpCapabilities


class IceParameters(Model):
    """Our ICE credentials (RFC 8445 section 5.3)."""

    username_fragment: str
    password: str
    ice_lite: bool = True


class IceCandidate(Model):
    """One address of ours. `ip` and `address` are the same: older clients read the one, newer ones the other."""

    foundation: str
    priority: int
    ip: str
    address: str
    protocol: Literal["udp", "tcp"]
    port: int
    type: Literal["host"] = "host"
    tcp_type: Literal["passive"] | None = None
    """Of `tcp` alone: the client connects (RFC 6544 section 4.5)."""


class Fingerprint(Model):
    """The digest of a certificate (RFC 8122): `value` is hex pairs with colons."""

    algorithm: str = Field(max_length=16)
    value: str = Field(max_length=256)


class DtlsParameters(Model):
    """One side's DTLS role and certificates."""

    role: Literal["auto", "client", "server"] = "auto"
    fingerprints: list[Fingerprint] = Field(min_length=1, max_length=8)


class SctpParameters(Model):
    """What the SCTP association can carry; the several names of one figure are for several versions of clients."""

    port: int
    OS: int = Field(alias="OS")
    MIS: int = Field(alias="MIS")
    max_message_size: int
    max_send_message_size: int
    max_receive_message_size: int


class TransportCreated(Model):
    """What a client needs to make its side."""

    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    dtls_parameters: DtlsParameters
    sctp_parameters: SctpParameters


class CreateTransport(Request[TransportCreated]):
    """Makes a transport. The same id again returns the one there is."""

    verb: ClassVar[str] = "transport.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    direction: Direction
    codec_profile: str
    rtp_capabilities: RtpCapabilities | None = None
    """Those of the join: kept with the peer, so that `peer.describe` can tell them to who takes the session over."""
    sctp_capabilities: dict[str, Any] | None = None


class ConnectTransport(Request[Done]):
    """Hands over the client's DTLS parameters; answered before the handshake. `invalid_state` the second time."""

    verb: ClassVar[str] = "transport.connect"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    dtls_parameters: DtlsParameters


class IceRestarted(Model):
    """The new credentials; the candidates stay."""

    ice_parameters: IceParameters


class RestartIce(Request[IceRestarted]):
    """Swaps the ICE credentials; DTLS and SRTP go on."""

    verb: ClassVar[str] = "transport.restart-ice"
    room_id: RoomId
    peer_id: Id
    transport_id: Id


class CloseTransport(Request[Done]):
    """Closes a transport with what hangs on it."""

    verb: ClassVar[str] = "transport.close"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
