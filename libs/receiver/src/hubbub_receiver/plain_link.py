"""The service's side of a plain transport: one socket, SRTP, and the feedback of all tracks behind it.

Rules
- A packet is decrypted, assembled and delivered by the call that read its datagram.
- NACKs are sent at once; what time makes due, by a ticker.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import struct
import time
from dataclasses import dataclass
from typing import Final

import pylibsrtp
import structlog
from aiortc.rtp import RtcpPacket, RtcpSrPacket, is_rtcp

from hubbub_contracts.bus.plain_transport import SrtpCryptoSuite, SrtpParameters
from hubbub_rtp import Receiver, RtpPacket, UdpSocket, rtcp
from hubbub_service import cancel_and_wait

from .track import TrackSink

_log = structlog.get_logger(__name__)

CRYPTO_SUITE: Final[SrtpCryptoSuite] = "AEAD_AES_128_GCM"
"""Media is always encrypted: where the media node is, does not matter then."""
_KEY_BYTES = 16 + 12
TICK = 0.02
"""Seconds between two looks at what time makes due."""
REPORT_INTERVAL = 1.0
"""Seconds between receiver reports."""
ROUND_TRIP = 0.05
"""Seconds. A receiver does not measure it; services are near their media nodes."""
_WINDOW = 1024
"""Packets. A burst of retransmissions may be that late."""


def new_key() -> SrtpParameters:
    """A random SRTP key."""
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return SrtpParameters(crypto_suite=CRYPTO_SUITE, key_base64=key)


@dataclass(frozen=True, slots=True)
class _Route:
    receiver: Receiver
    sink: TrackSink


class PlainLink:
    """An open link."""

    def __init__(self, own: SrtpParameters, remote: SrtpParameters) -> None:
        """The keys of both sides. Use `open`."""
        self._inbound = _session(remote, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._outbound = _session(own, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._ssrc = secrets.randbelow((1 << 32) - 1) + 1
        self._routes: dict[int, _Route] = {}
        self._socket: UdpSocket | None = None
        self._ticker: asyncio.Task[None] | None = None
        self.dropped = 0
        """Packets that are not authentic, or malformed."""

    @classmethod
    async def open(cls, address: tuple[str, int], own: SrtpParameters, remote: SrtpParameters) -> PlainLink:
        """Opens a socket to the address of a media node's transport. Raises OSError."""
        link = cls(own, remote)
        link._socket = await UdpSocket.open(address, link._receive)
        link._ticker = asyncio.create_task(link._tick(), name="plain-link-ticker")
        return link

    @property
    def local_address(self) -> tuple[str, int]:
        """The IP address and port at which this side receives."""
        assert self._socket is not None
        return self._socket.local_address

    async def close(self) -> None:
        """Closes the socket."""
        self._routes.clear()
        if self._ticker is not None:
            await cancel_and_wait(self._ticker)
        if self._socket is not None:
            self._socket.close()

    def add(self, receiver: Receiver, sink: TrackSink) -> None:
        """Delivers the frames of a consumer from now on."""
        route = _Route(receiver, sink)
        for ssrc in _ssrcs(receiver):
            self._routes[ssrc] = route

    def remove(self, receiver: Receiver) -> None:
        """Ignores the packets of a consumer from now on."""
        for ssrc in _ssrcs(receiver):
            self._routes.pop(ssrc, None)

    def _receive(self, data: bytes, arrived_at: float) -> None:
        try:
            if is_rtcp(data):
                self._received_rtcp(self._inbound.unprotect_rtcp(data), arrived_at)
            else:
                self._received_rtp(self._inbound.unprotect(data), arrived_at)
        except (pylibsrtp.Error, ValueError, IndexError, struct.error):
            self.dropped += 1

    def _received_rtp(self, data: bytes, arrived_at: float) -> None:
        packet = RtpPacket.parse(data)
        route = self._routes.get(packet.ssrc)
        if route is None:
            return
        for frame in route.receiver.add(packet, arrived_at):
            route.sink.on_frame(frame)
        self._send_feedback(route.receiver, time.monotonic())

    def _received_rtcp(self, data: bytes, arrived_at: float) -> None:
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpSrPacket) and (route := self._routes.get(packet.ssrc)) is not None:
                info, receiver = packet.sender_info, route.receiver
                receiver.sender_report(info.ntp_timestamp, arrived_at)
                if receiver.packets:
                    timestamp = receiver.extended_timestamp(info.rtp_timestamp)
                    route.sink.on_sender_report(timestamp, info.ntp_timestamp / (1 << 32), arrived_at)

    def _send_feedback(self, receiver: Receiver, now: float) -> None:
        for packet in receiver.feedback(self._ssrc, now, ROUND_TRIP):
            self._send_rtcp(packet)

    def _send_rtcp(self, packet: bytes) -> None:
        if self._socket is not None:
            self._socket.send(self._outbound.protect_rtcp(packet))

    async def _tick(self) -> None:
        report_at = time.monotonic() + REPORT_INTERVAL
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            routes = [route for ssrc, route in self._routes.items() if ssrc == route.receiver.parameters.ssrc]
            for route in routes:
                for frame in route.receiver.poll(now):
                    route.sink.on_frame(frame)
                self._send_feedback(route.receiver, now)
            if now >= report_at:
                report_at = now + REPORT_INTERVAL
                blocks = [block for route in routes if (block := route.receiver.report(now)) is not None]
                for packet in rtcp.receiver_reports(self._ssrc, blocks):
                    self._send_rtcp(packet)


def _ssrcs(receiver: Receiver) -> list[int]:
    own = receiver.parameters
    return [own.ssrc] if own.rtx_ssrc is None else [own.ssrc, own.rtx_ssrc]


def _session(parameters: SrtpParameters, direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(
        key=base64.b64decode(parameters.key_base64),
        ssrc_type=direction,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    policy.window_size = _WINDOW
    return pylibsrtp.Session(policy)
