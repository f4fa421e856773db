"""Paints the pictures of a recording, one after another."""

from __future__ import annotations

from typing import Any

from hubbub_contracts.recording import CompositionOptions

from ...domain.composition_layout import Content, Rect, Tile, arrange
from .canvas import BACKDROP, BLACK, Canvas
from .labels import Labels
from .sources import Sources
from .video_source import VideoSource

LABEL = 1 / 12
"""The height of a name, as a part of its tile's height."""
MIN_LABEL = 18
MAX_LABEL = 40
"""Pixels."""
LARGE_LABEL = 1 / 6
"""As LABEL, in a tile that has only a name."""
STALL = 2_000
"""Milliseconds without a frame after which a picture is taken away while the recording runs: its gaps are not known."""


class Stage:
    """The canvas, and the sources of its tiles. Time only advances."""

    def __init__(self, sources: Sources, options: CompositionOptions, labels: Labels) -> None:
        self._lanes = sources
        self._options = options
        self._labels = labels
        self._canvas = Canvas(options.width, options.height)
        self._sources: dict[str, VideoSource] = {}
        """By lane: those that have begun and not ended."""
        self._tiles: list[Tile] = []
        self._contents: list[Content] = []
        self._until: int | None = 0
        """When the contents change."""
        self._stalled: frozenset[str] = frozenset()
        """Lanes that have had no frame for long."""
        self._speaker: str | None = None
        self._painted: dict[Rect, Rect] = {}
        """The part of each tile that its picture takes."""
        self.shows_video = False
        """Whether a picture is shown now."""

    def timeline_changed(self) -> None:
        """Another timeline has taken the place of the one before."""
        self._until = 0

    def paint(self, at: int, reach: float, speaker: str | None) -> Any:
        """The picture at `at`. Frames up to `reach` after it count. In milliseconds."""
        changed = self._advance(at, at + reach)
        if self._rearrange(at, speaker):
            self._canvas.fill(Rect(0, 0, self._options.width, self._options.height), BLACK)
            self._painted.clear()
        self.shows_video = False
        for tile in self._tiles:
            source = self._sources.get(tile.content.video or "")
            has_picture = source is not None and source.frame is not None
            self.shows_video |= has_picture
            if tile.rect in self._painted and tile.content.video not in changed:
                continue
            if source is not None and has_picture:
                self._paint_picture(tile, source)
            else:
                self._paint_name(tile)
        return self._canvas.frame()

    def _advance(self, at: int, until: float) -> set[str | None]:
        """Advances all sources, also those that are not shown. Returns the lanes with another frame."""
        changed: set[str | None] = set()
        for lane in self._lanes.timeline.of_kind("video"):
            if lane.start <= until and lane.end > at and lane.key not in self._sources:
                self._sources[lane.key] = VideoSource(self._lanes.reader(lane))
            source = self._sources.get(lane.key)
            if source is not None and source.advance(until):
                changed.add(lane.key)
            if source is not None and lane.end <= at:
                del self._sources[lane.key]
        return changed

    def _rearrange(self, at: int, speaker: str | None) -> bool:
        """Returns whether the tiles have changed."""
        timeline = self._lanes.timeline
        stalled = self._find_stalled(at)
        if stalled != self._stalled or (self._until is not None and at >= self._until):
            self._stalled = stalled
            self._contents = timeline.contents(at, stalled)
            self._until = timeline.next_change(at)
        elif speaker == self._speaker:
            return False
        self._speaker = speaker
        options = self._options
        before = self._tiles
        self._tiles = arrange(options.layout, options.width, options.height, self._contents, speaker)
        return self._tiles != before

    def _find_stalled(self, at: int) -> frozenset[str]:
        if not self._lanes.is_live:
            return frozenset()
        return frozenset(
            key for key, source in self._sources.items() if source.frame is not None and at - source.shown_at >= STALL
        )

    def _paint_picture(self, tile: Tile, source: VideoSource) -> None:
        place, picture = source.scaled(tile.rect)
        if self._painted.get(tile.rect) != place:
            self._canvas.fill(tile.rect, BLACK)
            self._painted[tile.rect] = place
        self._canvas.draw(place, picture)
        height = _label_height(tile.rect, LABEL)
        label = self._labels.label(tile.content.name, tile.rect.width, height)
        self._canvas.write(tile.rect.x, tile.rect.y + tile.rect.height - height, label)

    def _paint_name(self, tile: Tile) -> None:
        rect = tile.rect
        self._canvas.fill(rect, BACKDROP)
        self._painted[rect] = rect
        label = self._labels.label(tile.content.name, rect.width, _label_height(rect, LARGE_LABEL))
        height, width = label.shape
        self._canvas.write(rect.x + (rect.width - width) // 4 * 2, rect.y + (rect.height - height) // 4 * 2, label)


def _label_height(rect: Rect, part: float) -> int:
    wanted = min(max(rect.height * part, MIN_LABEL), max(MAX_LABEL, rect.height / 10))
    return min(int(wanted), rect.height) // 2 * 2
