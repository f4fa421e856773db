"""A composed file as a test looks at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from .recorded_tracks import Colour

RATE = 48_000
DARK: Colour = (32, 128, 128)
"""A tile without a picture."""


class Shown:
    """A composed file, decoded."""

    def __init__(self, path: Path) -> None:
        self.pictures: list[tuple[float, Any]] = []
        with av.open(path) as file:
            self.codecs = [stream.codec_context.name for stream in file.streams]
            self.duration = (file.duration or 0) / 1e6
            if file.streams.video:
                for picture in file.decode(video=0):
                    assert picture.time is not None
                    self.pictures.append((picture.time, picture.to_ndarray(format="yuv444p")))
        self.sound = np.zeros(0)
        with av.open(path) as file:
            for heard in file.decode(audio=0):
                at = round((heard.time or 0) * RATE)
                samples = heard.to_ndarray()[0]
                self.sound = np.pad(self.sound, (0, max(0, at + len(samples) - len(self.sound))))
                self.sound[max(at, 0) : at + len(samples)] = samples[max(-at, 0) :]

    def colour(self, at: float, x: int, y: int) -> Colour:
        """Around a point, in seconds and pixels."""
        picture = max((one for one in self.pictures if one[0] <= at + 0.001), key=lambda one: one[0])[1]
        return tuple(int(np.mean(plane[y - 2 : y + 3, x - 2 : x + 3])) for plane in picture)  # type: ignore[return-value]

    def tones(self, at: float, length: float = 0.2) -> set[int]:
        """The frequencies that are heard from `at` on, to 10 Hz."""
        part = self.sound[round(at * RATE) : round((at + length) * RATE)]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) / len(part)
        peaks = np.nonzero((power[1:-1] > 0.02) & (power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:]))[0] + 1
        return {round(peak / length / 10) * 10 for peak in peaks}


def is_like(found: Colour, wanted: Colour) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(found, wanted, strict=True))
