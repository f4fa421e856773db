"""Requests about plain transports, answered by the media node: RTP to and from servers, without ICE and DTLS.

The other requests about transports, producers and consumers apply too, except those about ICE, DTLS and bitrate.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..base import Done, Model, NodeRequest
from ..types import Id, RoomId

SrtpCryptoSuite = Literal["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"]
"""An SRTP crypto suite (RFC 4568 section 6.2, RFC 7714 section 14.2)."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A UDP port."""


class SrtpParameters(Model):
    """The SRTP key of one sender, as in SDES (RFC 4568)."""

    crypto_suite: SrtpCryptoSuite
    key_base64: str = Field(max_length=64)
    """Master key and master salt in one, in base64: 30, 28 or 44 bytes."""


class PlainTransportCreated(Model):
    """Where the node receives and from where it sends, and how it protects what it sends."""

    transport_id: Id
    ip: str
    """The node's IP address."""
    port: Port
    """The port of RTP, and with rtcp-mux of RTCP."""
    rtcp_port: Port | None = None
    """The port of RTCP, without rtcp-mux."""
    srtp_parameters: SrtpParameters | None = None
    """The node's key. Absent without SRTP."""


class CreatePlainTransport(NodeRequest[PlainTransportCreated]):
    """Creates a plain transport of a peer. A repetition with the same id returns the existing one.

    It sends and receives, belongs to its peer and is closed with it. Without `comedia` nothing flows before
    `ConnectPlainTransport`; with SRTP neither.

    Errors: `unavailable` when no port is free, `unsupported` when the node has no plain transports.
    """

    verb: ClassVar[str] = "transport.create-plain"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    codec_profile: str
    """That of the room."""
    rtcp_mux: bool = True
    """RTP and RTCP share a port (RFC 5761)."""
    comedia: bool = False
    """The other side's address is learned: from its first packet that belongs to a producer, and authenticates."""
    srtp_crypto_suite: SrtpCryptoSuite | None = None
    """Protects media in both directions. Absent: none, for addresses that the node's operator has listed."""


class ConnectPlainTransport(NodeRequest[Done]):
    """Sets the other side's address, unless `comedia` learns it, and its SRTP key. Possible once.

    The other side has to send from the address at which it receives.

    Errors: `invalid_state` when it is connected, `not_allowed` for an address that needs SRTP.
    """

    verb: ClassVar[str] = "transport.connect-plain"
    room_id: RoomId
    peer_id: Id
    transport_id: Id
    ip: str | None = Field(None, max_length=64)
    """The IP address. Absent with `comedia`, as are the ports."""
    port: Port | None = None
    """The port of RTP, and with rtcp-mux of RTCP."""
    rtcp_port: Port | None = None
    """The port of RTCP, without rtcp-mux."""
    srtp_parameters: SrtpParameters | None = None
    """The other side's key, of the crypto suite that the transport was created with."""
