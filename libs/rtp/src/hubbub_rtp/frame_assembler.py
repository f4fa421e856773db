"""The packets of one stream, in any order, to frames in order.

Rules
- A frame is a run of consecutive packets up to one with the marker bit, or up to a change of the timestamp. It is
  returned by the call that adds its last missing packet.
- A missing packet holds up later frames for `max_wait`, so that a retransmission can fill the gap. A complete key frame
  behind the gap ends the wait. After it, audio continues behind the gap, and video with the next key frame.
- Everything is bounded: packets and bytes in the buffer, and the distance of sequence numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .depacketizers import depacketizer
from .encoded_frame import EncodedFrame

MAX_PACKETS = 2048
"""A key frame of 2 MB. Beyond, the buffer is dropped."""
MAX_BYTES = 4 << 20
_MAX_BEFORE_KEY_FRAME = 512
"""Packets that are kept while no key frame has started: its first packet may arrive after others."""


@dataclass(frozen=True, slots=True)
class _Packet:
    timestamp: int
    ends_frame: bool
    starts_key_frame: bool
    data: bytes
    arrived_at: float
    is_padding: bool


class FrameAssembler:
    """One stream. Sequence numbers and timestamps are extended: they do not wrap."""

    def __init__(self, codec: str, clock_rate: int, *, is_audio: bool, max_wait: float) -> None:
        """`codec` is one of `depacketizers.CODECS`; `max_wait` in seconds."""
        self._codec = codec
        self._clock_rate = clock_rate
        self._is_audio = is_audio
        self._max_wait = max_wait
        self._depacketizer = depacketizer(codec)
        self._packets: dict[int, _Packet] = {}
        self._bytes = 0
        self._start: int | None = None
        """The first packet of the next frame; None until a key frame starts."""
        self._scan = 0
        """The packets from `_start` up to this one, exclusive, are there, and none of them ends the frame."""
        self._gap_since: float | None = None
        self._gap_at = -1
        """The missing packet that `_gap_since` is about."""
        self._key_start: int | None = None
        """The first packet of the newest key frame behind the gap, and how far it is complete."""
        self._key_scan = 0
        self._discontinuous = False
        self.malformed = 0
        """Packets with an invalid payload, and frames whose packets do not fit together."""

    @property
    def needs_key_frame(self) -> bool:
        """Whether nothing can be returned before the next key frame."""
        return self._start is None and not self._is_audio

    @property
    def is_waiting(self) -> bool:
        """Whether a packet is missing, so that `poll` has something to do."""
        return self._gap_since is not None

    @property
    def first_needed(self) -> int | None:
        """Packets before this one are of no use any more; None: those after the next key frame's start are."""
        return self._start

    def add(
        self, sequence: int, timestamp: int, *, marker: bool, payload: bytes, now: float, audio_level: int | None = None
    ) -> list[EncodedFrame]:
        """Adds a packet. Returns the frames that it completes, in order. Duplicates and late packets change nothing."""
        if self._start is not None and sequence - self._scan > MAX_PACKETS:
            self._lose_everything()
        if sequence in self._packets or (self._start is not None and sequence < self._start):
            return []
        packet = self._parse(timestamp, marker=marker, payload=payload, now=now)
        if packet is None:
            return []
        self._make_room(len(packet.data))
        self._packets[sequence] = packet
        self._bytes += len(packet.data)
        if self._start is None:
            if not packet.starts_key_frame:
                return []
            self._start_at(sequence)
        elif packet.starts_key_frame and not self._is_audio and sequence > max(self._scan, self._key_start or 0):
            self._key_start = self._key_scan = sequence
        return self._take(now, audio_level)

    def poll(self, now: float) -> list[EncodedFrame]:
        """Gives up missing packets that `max_wait` has expired for. Returns the frames behind them."""
        if self._gap_since is None or now - self._gap_since < self._max_wait:
            return []
        self._discontinuous = True
        if self._is_audio:
            self._start_at(min(number for number in self._packets if number >= self._scan))
        elif self._key_start is not None:
            self._start_at(self._key_start)
        else:
            self._lose_everything()
        return self._take(now, None)

    def _parse(self, timestamp: int, *, marker: bool, payload: bytes, now: float) -> _Packet | None:
        if not payload:
            return _Packet(
                timestamp, ends_frame=False, starts_key_frame=False, data=b"", arrived_at=now, is_padding=True
            )
        try:
            fragment = self._depacketizer.parse(payload)
        except ValueError:
            self.malformed += 1
            return None
        ends = marker or self._is_audio
        return _Packet(timestamp, ends, fragment.starts_key_frame, fragment.data, now, is_padding=False)

    def _make_room(self, size: int) -> None:
        if self._start is None:
            while len(self._packets) >= _MAX_BEFORE_KEY_FRAME:
                self._drop([next(iter(self._packets))])
        elif len(self._packets) >= MAX_PACKETS or self._bytes + size > MAX_BYTES:
            self._lose_everything()

    def _take(self, now: float, audio_level: int | None) -> list[EncodedFrame]:
        frames = self._take_consecutive(now, audio_level)
        while self._start is not None and self._key_frame_is_complete():
            self._discontinuous = True
            assert self._key_start is not None
            self._start_at(self._key_start)
            frames += self._take_consecutive(now, audio_level)
        self._update_gap()
        return frames

    def _take_consecutive(self, now: float, audio_level: int | None) -> list[EncodedFrame]:
        """The complete frames from `_start` on."""
        frames: list[EncodedFrame] = []
        while self._start is not None and (packet := self._packets.get(self._scan)) is not None:
            first = self._packets[self._start]
            if packet.is_padding and self._scan == self._start:
                self._drop([self._scan])
                self._start = self._scan = self._scan + 1
                continue
            if packet.timestamp != first.timestamp and not packet.is_padding:
                frames += self._frame(self._scan, now, audio_level)
                continue
            self._scan += 1
            if packet.ends_frame:
                frames += self._frame(self._scan, now, audio_level)
        return frames

    def _frame(self, end: int, now: float, audio_level: int | None) -> list[EncodedFrame]:
        """Removes the frame from `_start` to `end`, exclusive, and returns it; nothing when it is malformed."""
        assert self._start is not None
        numbers = range(self._start, end)
        first = self._packets[self._start]
        fragments = [one.data for number in numbers if not (one := self._packets[number]).is_padding]
        self._drop(numbers)
        self._start = self._scan = end
        try:
            data = self._depacketizer.join(fragments)
        except ValueError:
            self.malformed += 1
            self._lose_everything()
            return []
        discontinuous, self._discontinuous = self._discontinuous, False
        frame = EncodedFrame(
            self._codec,
            first.timestamp,
            self._clock_rate,
            first.starts_key_frame,
            discontinuous,
            data,
            now,
            audio_level,
        )
        return [frame]

    def _key_frame_is_complete(self) -> bool:
        """Whether a whole key frame is there behind the gap."""
        if self._key_start is None:
            return False
        while (packet := self._packets.get(self._key_scan)) is not None:
            if packet.ends_frame:
                return True
            self._key_scan += 1
        return False

    def _update_gap(self) -> None:
        assembled = self._scan - self._start if self._start is not None else len(self._packets)
        if len(self._packets) == assembled:
            self._gap_since = None
        elif self._gap_since is None or self._gap_at != self._scan:
            self._gap_at = self._scan
            self._gap_since = min(one.arrived_at for number, one in self._packets.items() if number > self._scan)

    def _start_at(self, sequence: int) -> None:
        """The next frame starts here; earlier packets are dropped."""
        self._drop([number for number in self._packets if number < sequence])
        self._start = self._scan = sequence
        if self._key_start is not None and self._key_start <= sequence:
            self._key_start = None

    def _lose_everything(self) -> None:
        """Starts again: with the next packet of audio, or the next key frame."""
        self._packets.clear()
        self._bytes = 0
        self._start = self._key_start = self._gap_since = None
        self._discontinuous = True

    def _drop(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._bytes -= len(self._packets.pop(number).data)
