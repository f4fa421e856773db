"""The report block of one received stream (RFC 3550 sections 6.4.1 and A.8)."""

from __future__ import annotations

from aiortc.rtp import RtcpReceiverInfo, clamp_packets_lost

_MASK_32 = 0xFFFFFFFF
_DLSR_UNITS = 65_536


class ReceptionStatistics:
    """Loss and jitter of one SSRC, without its retransmissions."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self._ssrc = ssrc
        self._clock_rate = clock_rate
        self._first: int | None = None
        self._highest = 0
        self._received = 0
        self._previous = (0, 0)
        self._transit: float | None = None
        self._jitter = 0.0
        self._sender_report: tuple[int, float] | None = None

    def received(self, sequence: int, timestamp: int, now: float) -> None:
        """Counts a packet. Sequence number and timestamp are extended; `now` in seconds."""
        if self._first is None:
            self._first = self._highest = sequence
        self._received += 1
        self._highest = max(self._highest, sequence)
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def sender_report(self, ntp_timestamp: int, now: float) -> None:
        """Notes a sender report, by its 64-bit NTP timestamp."""
        self._sender_report = (ntp_timestamp >> 16 & _MASK_32, now)

    def report(self, now: float) -> RtcpReceiverInfo | None:
        """The report block for the time since the previous one; None before the first packet."""
        if self._first is None:
            return None
        expected = self._highest - self._first + 1
        lost = expected - self._received
        expected_now, received_now = expected - self._previous[0], self._received - self._previous[1]
        self._previous = (expected, self._received)
        lost_now = max(expected_now - received_now, 0)
        last, since = 0, 0
        if self._sender_report is not None:
            last, at = self._sender_report
            since = min(max(int((now - at) * _DLSR_UNITS), 0), _MASK_32)
        return RtcpReceiverInfo(
            ssrc=self._ssrc,
            fraction_lost=min(lost_now * 256 // expected_now, 255) if expected_now else 0,
            packets_lost=clamp_packets_lost(lost),
            highest_sequence=self._highest & _MASK_32,
            jitter=min(int(self._jitter), _MASK_32),
            lsr=last,
            dlsr=since,
        )
