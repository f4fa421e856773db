"""The picture of a lane at a time. Time only advances."""

from __future__ import annotations

from typing import Any

from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from ...domain.composition_layout import Rect, fitted
from .lane_reader import LaneReader
from .track_reader import Frame


class VideoSource:
    """Keeps the frame that is shown and the one after it."""

    def __init__(self, reader: LaneReader) -> None:
        self._reader = reader
        self._next: Frame | None = None
        self._scaler = VideoReformatter()
        self.frame: Any = None
        """The frame that is shown; None before the first one."""
        self.shown_at = 0.0
        """Its time."""

    def advance(self, at: float) -> bool:
        """Shows the last frame that is not after `at`, in milliseconds. Returns whether it is another one."""
        has_changed = False
        while True:
            self._next = self._next or self._reader.take()
            if self._next is None or self._next[0] > at:
                return has_changed
            self.shown_at, self.frame = self._next
            self._next = None
            has_changed = True

    def scaled(self, rect: Rect) -> tuple[Rect, Any]:
        """The part of a tile that the picture takes, and the picture in this size."""
        frame = self.frame
        place = fitted(rect, frame.width, frame.height)
        is_full_range = frame.color_range == ColorRange.JPEG
        scaled = self._scaler.reformat(
            frame,
            place.width,
            place.height,
            "yuv420p",
            interpolation=Interpolation.BILINEAR,
            src_color_range=ColorRange.JPEG if is_full_range else None,
            dst_color_range=ColorRange.MPEG if is_full_range else None,
            threads=1,
        )
        return place, scaled
