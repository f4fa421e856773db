"""The composed picture: a yuv420p frame that is painted tile by tile."""

from __future__ import annotations

from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from ...domain.composition_layout import Rect
from .labels import Picture

BLACK: Final = 16
GREY: Final = 128
"""Chroma without a colour."""
BACKDROP: Final = 32
"""Luma of a tile that has only a name."""

Plane = NDArray[np.uint8]


class Canvas:
    """Luma, and chroma of half its size. Rectangles have even positions and sizes."""

    def __init__(self, width: int, height: int) -> None:
        self._rows = np.empty((height * 3 // 2, width), np.uint8)
        flat, pixels = self._rows.reshape(-1), width * height
        self._y = flat[:pixels].reshape(height, width)
        chroma = (height // 2, width // 2)
        self._u = flat[pixels : pixels * 5 // 4].reshape(chroma)
        self._v = flat[pixels * 5 // 4 :].reshape(chroma)
        self.fill(Rect(0, 0, width, height), BLACK)

    def fill(self, rect: Rect, luma: int) -> None:
        """Paints a rectangle grey."""
        self._paint(rect, luma, GREY, GREY)

    def draw(self, rect: Rect, frame: Any) -> None:
        """Paints a yuv420p frame of the size of the rectangle."""
        self._paint(rect, *(_pixels(plane) for plane in frame.planes))

    def write(self, x: int, y: int, label: Picture) -> None:
        """Paints a label at a position."""
        height, width = label.shape
        self._paint(Rect(x, y, width, height), label, GREY, GREY)

    def frame(self) -> Any:
        """A copy as a frame of a video."""
        frame = av.VideoFrame.from_ndarray(self._rows, format="yuv420p")
        # What browsers send: they neither convert nor name the colours.
        frame.colorspace = Colorspace.SMPTE170M
        frame.color_range = ColorRange.MPEG
        return frame

    def _paint(self, rect: Rect, y: Plane | int, u: Plane | int, v: Plane | int) -> None:
        self._y[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] = y
        rows = slice(rect.y // 2, (rect.y + rect.height) // 2)
        columns = slice(rect.x // 2, (rect.x + rect.width) // 2)
        self._u[rows, columns] = u
        self._v[rows, columns] = v


def _pixels(plane: Any) -> Plane:
    """The plane without the padding of its lines."""
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
