"""The service's side of a plain transport: one socket, and SRTP for the reception of all tracks behind it."""

from __future__ import annotations

import base64
import secrets
import struct
from typing import Final

import pylibsrtp
from aiortc.rtp import RtcpPacket, is_rtcp

from hubbub_contracts.bus.plain_transport import SrtpCryptoSuite, SrtpParameters
from hubbub_rtp import Receiver, Reception, RtpPacket, UdpSocket

from .track import TrackSink

CRYPTO_SUITE: Final[SrtpCryptoSuite] = "AEAD_AES_128_GCM"
"""Media is always encrypted: where the media node is, does not matter then."""
_KEY_BYTES = 16 + 12
ROUND_TRIP = 0.05
"""Seconds. A receiver does not measure it; services are near their media nodes."""
_WINDOW = 1024
"""Packets. A burst of retransmissions may be that late."""


def new_key() -> SrtpParameters:
    """A random SRTP key."""
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return SrtpParameters(crypto_suite=CRYPTO_SUITE, key_base64=key)


class PlainLink:
    """An open link."""

    def __init__(self, own: SrtpParameters, remote: SrtpParameters) -> None:
        """The keys of both sides. Use `open`."""
        self._inbound = srtp_session(remote, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._outbound = srtp_session(own, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._reception = Reception(self._send_rtcp, lambda: ROUND_TRIP)
        self._socket: UdpSocket | None = None
        self.dropped = 0
        """Packets that are not authentic, or malformed."""

    @classmethod
    async def open(cls, address: tuple[str, int], own: SrtpParameters, remote: SrtpParameters) -> PlainLink:
        """Opens a socket to the address of a media node's transport. Raises OSError."""
        link = cls(own, remote)
        link._socket = await UdpSocket.open(address, link._receive)
        link._reception.start()
        return link

    @property
    def local_address(self) -> tuple[str, int]:
        """The IP address and port at which this side receives."""
        assert self._socket is not None
        return self._socket.local_address

    async def close(self) -> None:
        """Closes the socket."""
        await self._reception.stop()
        if self._socket is not None:
            self._socket.close()

    def add(self, receiver: Receiver, sink: TrackSink) -> None:
        """Delivers the frames of a consumer from now on."""
        self._reception.add(receiver, sink.on_frame, sink.on_sender_report)

    def remove(self, receiver: Receiver) -> None:
        """Ignores the packets of a consumer from now on."""
        self._reception.remove(receiver)

    def _receive(self, data: bytes, arrived_at: float) -> None:
        try:
            if is_rtcp(data):
                for packet in RtcpPacket.parse(self._inbound.unprotect_rtcp(data)):
                    self._reception.received_rtcp(packet, arrived_at)
            else:
                self._reception.received_rtp(RtpPacket.parse(self._inbound.unprotect(data)), arrived_at)
        except (pylibsrtp.Error, ValueError, IndexError, struct.error):
            self.dropped += 1

    def _send_rtcp(self, packet: bytes) -> None:
        if self._socket is not None:
            self._socket.send(self._outbound.protect_rtcp(packet))


def srtp_session(parameters: SrtpParameters, direction: int) -> pylibsrtp.Session:
    """The SRTP context of one direction, one of `pylibsrtp.Policy.SSRC_ANY_...`."""
    policy = pylibsrtp.Policy(
        key=base64.b64decode(parameters.key_base64),
        ssrc_type=direction,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    policy.window_size = _WINDOW
    return pylibsrtp.Session(policy)
