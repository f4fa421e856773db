"""Media recorded from Chromium, sent in a loop with new SSRC, sequence numbers and timestamps."""

from __future__ import annotations

import asyncio
import random
import struct
from dataclasses import dataclass
from functools import cache

from hubbub_rtp.rtp_packet import RtpPacket

from .rtp_captures import rtp_packets
from .rtp_transport import RtpTransport


@dataclass(frozen=True)
class Track:
    """A recording of one SSRC from the start of a call. Video starts with a key frame."""

    name: str
    ssrc: int
    payload_type: int
    clock_rate: int

    @property
    def is_video(self) -> bool:
        """Whether it is video."""
        return self.clock_rate == 90_000


AUDIO = Track("opus-audio", 1118419245, 111, 48_000)
SIMULCAST = tuple(Track("vp8-simulcast3", ssrc, 96, 90_000) for ssrc in (473982134, 2563090973, 246395))
"""Three encodings of one video, lowest first, 20 frames per second."""
VIDEO = SIMULCAST[0]
"""One packet per frame."""
LEVEL_ID = 1
"""Chromium's id of the header extension with the audio level."""


@dataclass(frozen=True)
class Sample:
    """One packet."""

    at: int
    """RTP clock ticks since the first packet."""
    marker: bool
    payload: bytes


@cache
def samples(track: Track) -> list[Sample]:
    """The track's packets in order."""
    parsed = (RtpPacket.parse(raw) for _, raw in rtp_packets(track.name))
    packets = [one for one in parsed if one.ssrc == track.ssrc]
    first = packets[0].timestamp
    return [Sample((one.timestamp - first) & 0xFFFFFFFF, one.marker, one.payload) for one in packets]


class Source:
    """Sends one track on a transport until it is stopped. Key frames come at the start and on request."""

    def __init__(self, transport: RtpTransport, track: Track, ssrc: int) -> None:
        self.ssrc = ssrc
        self.sent = 0
        self.key_frame_requests = 0
        self.level: int | None = None
        """Of audio: the loudness that each packet claims, -dBov, 0 to 127 (RFC 6464)."""
        self.loses_every: int | None = None
        """One packet of this many is lost on the way."""
        self.track = track
        self._transport = transport
        self._sequence = random.randrange(1 << 15)
        self._timestamp = random.randrange(1 << 31)
        self._picture = random.randrange(1 << 14)
        self._from_start = False
        self._task = asyncio.create_task(self._run())

    def request_key_frame(self) -> None:
        """Restarts the recording, which begins with a key frame, at the next frame."""
        self.key_frame_requests += 1
        self._from_start = True

    async def stop(self) -> None:
        """Stops sending."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        recorded = samples(self.track)
        second_frame = next(index for index, sample in enumerate(recorded) if sample.at)
        usual_step = recorded[second_frame].at
        index = 0
        due = asyncio.get_running_loop().time()
        while True:
            sample = recorded[index]
            packet = self._packet(sample)
            if self.loses_every is None or self.sent % self.loses_every:
                await self._transport.send_rtp(packet)
            self.sent += 1
            following = (index + 1) % len(recorded)
            step = recorded[following].at - sample.at if following else usual_step
            due += step / self.track.clock_rate
            self._timestamp = (self._timestamp + step) & 0xFFFFFFFF
            index = following or (second_frame if self.track.is_video else 0)
            if not step:
                continue
            self._picture = (self._picture + 1) & 0x7FFF
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if self._from_start:
                self._from_start, index = False, 0

    def _packet(self, sample: Sample) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        kind = self.track.payload_type | sample.marker << 7
        payload = self._renumbered(sample.payload) if self.track.is_video else sample.payload
        flags, extensions = 0x80, b""
        if self.level is not None:
            flags, extensions = 0x90, struct.pack("!HHBB2x", 0xBEDE, 1, LEVEL_ID << 4, 0x80 | self.level)
        header = struct.pack("!BBHII", flags, kind, self._sequence, self._timestamp, self.ssrc)
        return header + extensions + payload

    def _renumbered(self, payload: bytes) -> bytes:
        """The VP8 payload with this frame's picture id. The recording always has 15-bit ids (RFC 7741)."""
        return payload[:2] + struct.pack("!H", 0x8000 | self._picture) + payload[4:]
