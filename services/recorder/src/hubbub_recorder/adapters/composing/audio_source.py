"""The sound of a lane as a continuous stream of samples, and the mix of several. Time only advances."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ...domain.sample_clock import SampleClock
from .lane_reader import LaneReader

RATE = 48_000
KNEE = 0.8
"""Louder samples are compressed, so that a sum of loud voices stays below 1."""

Samples = NDArray[np.float32]
"""Of two channels: shape (2, n)."""


class AudioSource:
    """Decodes as far as it is read."""

    def __init__(self, reader: LaneReader) -> None:
        self._reader = reader
        self._clock = SampleClock()
        self._resampler = av.AudioResampler("fltp", "stereo", RATE)
        self._pending: deque[tuple[int, Samples]] = deque()
        """Decoded samples with their positions, in order."""
        self._decoded_to = -1

    def read(self, start: int, count: int) -> Samples | None:
        """The samples from `start`; None when there is only silence. Call it for consecutive blocks."""
        while self._decoded_to < start + count and self._decode():
            pass
        block: Samples | None = None
        while self._pending and self._pending[0][0] < start + count:
            position, samples = self._pending.popleft()
            skipped, offset = max(0, start - position), max(0, position - start)
            taken = samples[:, skipped : skipped + count - offset]
            if taken.shape[1]:
                block = np.zeros((2, count), np.float32) if block is None else block
                block[:, offset : offset + taken.shape[1]] = taken
            if position + samples.shape[1] > start + count:
                used = skipped + taken.shape[1]
                self._pending.appendleft((position + used, samples[:, used:]))
                break
        return block

    def _decode(self) -> bool:
        """Decodes a frame. False: there is none now."""
        found = self._reader.take()
        if found is None:
            return False
        at, frame = found
        samples = self._stereo(frame)
        if samples.shape[1]:
            position, length = self._clock.place(round(at * RATE / 1000), samples.shape[1])
            self._pending.append((position, stretched(samples, length)))
            self._decoded_to = position + length
        return True

    def _stereo(self, frame: Any) -> Samples:
        if frame.format.name != "fltp" or frame.layout.name != "stereo" or frame.sample_rate != RATE:
            frame.pts = None
            parts = [one.to_ndarray() for one in self._resampler.resample(frame)]
            return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), np.float32)
        samples: Samples = frame.to_ndarray()
        return samples


def stretched(samples: Samples, length: int) -> Samples:
    """The samples in another length, by linear interpolation: they differ by a few samples of a frame."""
    count = samples.shape[1]
    if length == count:
        return samples
    at = np.linspace(0, count - 1, length)
    known = np.arange(count)
    return np.stack([np.interp(at, known, channel) for channel in samples]).astype(np.float32)


def mixed(blocks: Sequence[Samples], count: int) -> Samples:
    """The sum of blocks of `count` samples, below 1."""
    if not blocks:
        return np.zeros((2, count), np.float32)
    total: Samples = np.sum(blocks, axis=0, dtype=np.float32)
    loud = np.abs(total)
    over = loud > KNEE
    if over.any():
        limited = KNEE + (1 - KNEE) * np.tanh((loud[over] - KNEE) / (1 - KNEE))
        total[over] = np.copysign(limited, total[over])
    return total


def level_of(block: Samples) -> float:
    """The level of a block in dBFS."""
    power = float(np.mean(np.square(block)))
    return 10 * float(np.log10(max(power, 1e-12)))
