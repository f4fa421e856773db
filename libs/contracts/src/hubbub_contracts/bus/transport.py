"""Requests about transports, answered by the media node."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ..base import Done, Model, NodeRequest
from ..types import Bitrate, Direction, Id, OperationId, RoomId, RtpCapabilities


class IceParameters(Model):
    """The server's ICE credentials (RFC 8445, section 5.3)."""

    username_fragment: str
    """The ICE username fragment."""
    password: str
    """The ICE password."""
    ice_lite: bool = True
    """The server is an ICE lite agent: the client is controlling and sends the checks."""


class IceCandidate(Model):
    """An address of the server."""

    foundation: str
    """The candidate's foundation (RFC 8445, section 5.1.1.3)."""
    priority: int
    """The candidate's priority, 1 to 2147483647 (RFC 8445, section 5.1.2)."""
    ip: str
    """The IP address. Older versions of mediasoup-client read this field."""
    address: str
    """The same IP address. Newer versions of mediasoup-client read this field."""
    protocol: Literal["udp", "tcp"]
    """The transport protocol."""
    port: int
    """The port number, 1 to 65535."""
    type: Literal["host"] = "host"
    """The candidate type."""
    tcp_type: Literal["passive"] | None = None
    """Of `tcp` only: the client opens the connection (RFC 6544, section 4.5)."""


class Fingerprint(Model):
    """The fingerprint of a DTLS certificate (RFC 8122)."""

    algorithm: str = Field(max_length=16)
    """The hash function, such as `sha-256`."""
    value: str = Field(max_length=256)
    """The digest as hex pairs separated by colons."""


class DtlsParameters(Model):
    """The DTLS parameters of one side."""

    role: Literal["auto", "client", "server"] = "auto"
    """The side's DTLS role. `auto` of the server means that the client chooses."""
    fingerprints: list[Fingerprint] = Field(min_length=1, max_length=8)
    """The fingerprints of its certificate, one for each hash function."""


class SctpParameters(Model):
    """The limits of the SCTP association (RFC 8831). Client versions read the message size under different names."""

    port: int
    """The SCTP port number, 1 to 65535."""
    OS: int = Field(alias="OS")
    """The number of outgoing SCTP streams, 1 to 65535."""
    MIS: int = Field(alias="MIS")
    """The maximum number of incoming SCTP streams, 1 to 65535."""
    max_message_size: int
    """The maximum size of a message in bytes."""
    max_send_message_size: int
    """The maximum size of a message in bytes, from the server to the client."""
    max_receive_message_size: int
    """The maximum size of a message in bytes, from the client to the server."""


def _drop_unknown_kinds(candidates: Any) -> Any:
    """Leaves out candidates of a protocol or type that this version does not know."""
    if not isinstance(candidates, list):
        return candidates
    return [each for each in candidates if not isinstance(each, dict) or _is_known_kind(each)]


def _is_known_kind(candidate: dict[str, Any]) -> bool:
    return candidate.get("protocol") in ("udp", "tcp") and candidate.get("type", "host") == "host"


class TransportCreated(Model):
    """The parameters from which the client creates its side of the transport."""

    ice_parameters: IceParameters
    ice_candidates: Annotated[list[IceCandidate], BeforeValidator(_drop_unknown_kinds)]
    dtls_parameters: DtlsParameters
    sctp_parameters: SctpParameters
    transport_id: Id | None = None
    """The transport's id, another than the requested one when the operation is repeated. Absent in older versions."""


class CreateTransport(NodeRequest[TransportCreated]):
    """Creates a transport. A repetition with the same id returns the existing one.

    Errors: `conflict` when the operation id created something else.
    """

    verb: ClassVar[str] = "transport.create"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    direction: Direction
    codec_profile: str
    rtp_capabilities: RtpCapabilities | None = None
    """Those of the join. The node keeps them, so that `peer.describe` can return them when a session is resumed."""
    sctp_capabilities: dict[str, Any] | None = None
    operation_id: OperationId | None = None
    """The client's. A request with the id of an earlier one of this peer returns what that one created."""


class ConnectTransport(NodeRequest[Done]):
    """Sets the client's DTLS parameters. The reply precedes the handshake; a second request gets `invalid_state`."""

    verb: ClassVar[str] = "transport.connect"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    dtls_parameters: DtlsParameters


class IceRestarted(Model):
    """The new ICE credentials. The candidates do not change."""

    ice_parameters: IceParameters


class RestartIce(NodeRequest[IceRestarted]):
    """Replaces the ICE credentials. DTLS and SRTP continue."""

    verb: ClassVar[str] = "transport.restart-ice"
    room_id: RoomId
    peer_id: Id
    transport_id: Id


class SetMaxIncomingBitrate(NodeRequest[Done]):
    """Asks the client not to send more over the transport. Replaces the node's limit."""

    verb: ClassVar[str] = "transport.set-max-incoming-bitrate"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    bitrate: Bitrate


class CloseTransport(NodeRequest[Done]):
    """Closes a transport with its producers and consumers."""

    verb: ClassVar[str] = "transport.close"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
