"""The picture of a lane at a time. Time only advances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from ...domain.composition_layout import Rect, fitted
from ...domain.composition_timeline import Lane
from .track_decoder import decoded


class VideoSource:
    """Keeps the frame that is shown and the one after it."""

    def __init__(self, directory: Path, lane: Lane) -> None:
        self._frames = decoded(directory, lane)
        self._next = next(self._frames, None)
        self._scaler = VideoReformatter()
        self.frame: Any = None
        """The frame that is shown; None before the first one."""

    def advance(self, at: float) -> bool:
        """Shows the last frame that is not after `at`, in milliseconds. Returns whether it is another one."""
        has_changed = False
        while self._next is not None and self._next[0] <= at:
            self.frame = self._next[1]
            self._next = next(self._frames, None)
            has_changed = True
        return has_changed

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
