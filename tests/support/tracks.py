"""Synthetic tracks for the Python SDK."""

from __future__ import annotations

import array
import asyncio
import fractions
import math
import time

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from av.audio.resampler import AudioResampler

FRAME_RATE = 15
SAMPLE_RATE = 48_000
SAMPLES = 960


class _Paced(MediaStreamTrack):
    """Waits until each frame is due."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._started_at: float | None = None
        self._has_ended = False

    def end(self) -> None:
        """Ends the track, as a file does."""
        self._has_ended = True

    async def next_index(self, interval: float) -> int:
        """The number of the next frame, from 0, when it is due."""
        if self._has_ended:
            raise MediaStreamError
        if self._started_at is None:
            self._started_at = time.monotonic()
        index, self._count = self._count, self._count + 1
        await asyncio.sleep(max(self._started_at + index * interval - time.monotonic(), 0))
        return index


class ToneTrack(_Paced):
    """A tone, mono."""

    kind = "audio"

    def __init__(self, amplitude: float = 0.3, frequency: int = 440) -> None:
        """`amplitude` is a fraction of full scale, `frequency` in Hz."""
        super().__init__()
        self.amplitude = amplitude
        self._frequency = frequency

    async def recv(self) -> AudioFrame:
        """The next 20 ms."""
        index = await self.next_index(SAMPLES / SAMPLE_RATE)
        step, peak = 2 * math.pi * self._frequency / SAMPLE_RATE, self.amplitude * 32_767
        samples = array.array("h", (int(peak * math.sin(step * (index * SAMPLES + n))) for n in range(SAMPLES)))
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.pts, frame.sample_rate, frame.time_base = index * SAMPLES, SAMPLE_RATE, fractions.Fraction(1, SAMPLE_RATE)
        return frame


class SamplesTrack(_Paced):
    """Samples of 16 kHz, mono, once, and silence after them."""

    kind = "audio"

    def __init__(self, samples: bytes) -> None:
        super().__init__()
        frame = AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
        frame.planes[0].update(samples)
        frame.sample_rate = 16_000
        resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        parts = (bytes(one.planes[0])[: 2 * one.samples] for one in resampler.resample(frame))
        self._samples = b"".join(parts)

    async def recv(self) -> AudioFrame:
        """The next 20 ms."""
        index = await self.next_index(SAMPLES / SAMPLE_RATE)
        part = self._samples[2 * SAMPLES * index : 2 * SAMPLES * (index + 1)]
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(part.ljust(2 * SAMPLES, b"\0"))
        frame.pts, frame.sample_rate, frame.time_base = index * SAMPLES, SAMPLE_RATE, fractions.Fraction(1, SAMPLE_RATE)
        return frame


class PictureTrack(_Paced):
    """Grey pictures whose brightness changes."""

    kind = "video"

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._width = width
        self._height = height

    async def recv(self) -> VideoFrame:
        """The next picture."""
        index = await self.next_index(1 / FRAME_RATE)
        frame = VideoFrame(self._width, self._height, "yuv420p")
        for plane, level in zip(frame.planes, (64 + index * 8 % 128, 128, 128), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = index * 90_000 // FRAME_RATE, fractions.Fraction(1, 90_000)
        return frame
