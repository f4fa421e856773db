"""The receivers behind one transport: their packets by SSRC, and the feedback that they send.

Rules
- A packet is assembled and delivered by the call that received it.
- NACKs are sent at once; what time makes due, by a ticker.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from . import rtcp
from .encoded_frame import EncodedFrame
from .receiver import Receiver
from .rtp_packet import RtpPacket

TICK: Final = 0.02
"""Seconds between two looks at what time makes due."""
REPORT_INTERVAL: Final = 1.0
"""Seconds between receiver reports."""

Deliver = Callable[[EncodedFrame], None]
OnSenderReport = Callable[[int, float, float], None]
"""Takes the sender's clock: its extended RTP timestamp, its wall clock in seconds, and when the report arrived."""


@dataclass(frozen=True, slots=True)
class _Route:
    receiver: Receiver
    deliver: Deliver
    on_sender_report: OnSenderReport | None


class Reception:
    """What a transport does for its receivers. Packets come decrypted, and feedback goes out unencrypted."""

    def __init__(self, send_rtcp: Callable[[bytes], None], round_trip: Callable[[], float]) -> None:
        """`send_rtcp` sends a packet or drops it, and `round_trip` returns seconds."""
        self._send_rtcp = send_rtcp
        self._round_trip = round_trip
        self._ssrc = secrets.randbelow((1 << 32) - 1) + 1
        self._routes: dict[int, _Route] = {}
        self._ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the ticker."""
        self._ticker = asyncio.create_task(self._tick(), name="reception-ticker")

    async def stop(self) -> None:
        """Forgets the receivers, and stops the ticker."""
        self._routes.clear()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
            self._ticker = None

    def add(self, receiver: Receiver, deliver: Deliver, on_sender_report: OnSenderReport | None = None) -> None:
        """Delivers the frames of a consumer from now on. The functions must not block."""
        route = _Route(receiver, deliver, on_sender_report)
        for ssrc in _ssrcs(receiver):
            self._routes[ssrc] = route

    def remove(self, receiver: Receiver) -> None:
        """Ignores the packets of a consumer from now on."""
        for ssrc in _ssrcs(receiver):
            route = self._routes.get(ssrc)
            if route is not None and route.receiver is receiver:
                del self._routes[ssrc]

    def received_rtp(self, packet: RtpPacket, arrived_at: float) -> None:
        """Handles an RTP packet."""
        route = self._routes.get(packet.ssrc)
        if route is None:
            return
        for frame in route.receiver.add(packet, arrived_at):
            route.deliver(frame)
        self._send_feedback(route.receiver, time.monotonic())

    def received_rtcp(self, packet: AnyRtcpPacket, arrived_at: float) -> None:
        """Handles an RTCP packet."""
        if not isinstance(packet, RtcpSrPacket) or (route := self._routes.get(packet.ssrc)) is None:
            return
        info, receiver = packet.sender_info, route.receiver
        receiver.sender_report(info.ntp_timestamp, arrived_at)
        if receiver.packets and route.on_sender_report is not None:
            timestamp = receiver.extended_timestamp(info.rtp_timestamp)
            route.on_sender_report(timestamp, info.ntp_timestamp / (1 << 32), arrived_at)

    def _send_feedback(self, receiver: Receiver, now: float) -> None:
        for packet in receiver.feedback(self._ssrc, now, self._round_trip()):
            self._send_rtcp(packet)

    async def _tick(self) -> None:
        report_at = time.monotonic() + REPORT_INTERVAL
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            routes = [route for ssrc, route in self._routes.items() if ssrc == route.receiver.parameters.ssrc]
            for route in routes:
                for frame in route.receiver.poll(now):
                    route.deliver(frame)
                self._send_feedback(route.receiver, now)
            if now >= report_at:
                report_at = now + REPORT_INTERVAL
                blocks = [block for route in routes if (block := route.receiver.report(now)) is not None]
                for packet in rtcp.receiver_reports(self._ssrc, blocks):
                    self._send_rtcp(packet)


def _ssrcs(receiver: Receiver) -> list[int]:
    own = receiver.parameters
    return [own.ssrc] if own.rtx_ssrc is None else [own.ssrc, own.rtx_ssrc]
