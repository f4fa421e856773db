"""Where each picture of a composition is. All positions and sizes are even, because yuv420p halves the colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hubbub_contracts.recording import CompositionLayout

ASPECT = 16 / 9
"""Of a tile, as far as the canvas allows."""
GAP = 4
"""Pixels between tiles."""
MAX_GRID = 25
"""Tiles of a grid. Tiles without a picture are left out first."""
MAX_STRIP = 6
"""Tiles next to a large one."""
STRIP = 0.2
"""The strip's part of the longer side of the canvas."""


class Rect(NamedTuple):
    """A part of the canvas, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a tile shows."""

    peer_id: str
    name: str
    video: str | None = None
    """The lane of the picture; None: only the name."""
    is_screen: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """A content with its place."""

    rect: Rect
    content: Content


def arrange(
    layout: CompositionLayout, width: int, height: int, contents: Sequence[Content], speaker: str | None
) -> list[Tile]:
    """Places the contents on a canvas.

    A screen takes the large place in every layout; of several, the one that began last. `contents` is in the order in
    which they began, `speaker` the peer that speaks.
    """
    large = _large(layout, contents, speaker)
    if large is None:
        shown = _most_telling(contents, MAX_GRID)
        return [Tile(rect, content) for rect, content in zip(grid(len(shown), width, height), shown, strict=True)]
    others = _most_telling([one for one in contents if one is not large], MAX_STRIP)
    rects = spotlight(len(others), width, height)
    return [Tile(rect, content) for rect, content in zip(rects, [large, *others], strict=True)]


def grid(count: int, width: int, height: int) -> list[Rect]:
    """Tiles of one size, as large as possible. The last row is centred."""
    if count <= 1:
        return [Rect(0, 0, width, height)] * count
    # Of equal ones, the one with more columns: pictures are rather broad.
    tile, columns = max((_tile_width(number, count, width, height), number) for number in range(1, count + 1))
    rows = -(-count // columns)
    cell_width, cell_height = _even(tile), _even(tile / ASPECT)
    top = _even((height - rows * cell_height) / 2)
    rects = []
    for row in range(rows):
        in_row = min(columns, count - row * columns)
        left = _even((width - in_row * cell_width) / 2)
        rects += [
            _inset(Rect(left + column * cell_width, top + row * cell_height, cell_width, cell_height))
            for column in range(in_row)
        ]
    return rects


def spotlight(others: int, width: int, height: int) -> list[Rect]:
    """A large tile, and a strip of others at its right; below it if the canvas is upright."""
    if others == 0:
        return [Rect(0, 0, width, height)]
    upright = height > width
    length, across = (width, height) if upright else (height, width)
    strip = _even(across * STRIP)
    cell = _even(min(length / others, strip * ASPECT if upright else strip / ASPECT))
    start = _even((length - others * cell) / 2)
    if upright:
        large = Rect(0, 0, width, height - strip)
        small = [Rect(start + number * cell, height - strip, cell, strip) for number in range(others)]
    else:
        large = Rect(0, 0, width - strip, height)
        small = [Rect(width - strip, start + number * cell, strip, cell) for number in range(others)]
    return [large, *map(_inset, small)]


def fitted(rect: Rect, width: int, height: int) -> Rect:
    """The largest part of `rect` with the aspect ratio of a picture, centred. `width` and `height` are positive."""
    scale = min(rect.width / width, rect.height / height)
    inner_width = max(2, min(rect.width, _nearest_even(width * scale)))
    inner_height = max(2, min(rect.height, _nearest_even(height * scale)))
    return Rect(
        rect.x + _even((rect.width - inner_width) / 2),
        rect.y + _even((rect.height - inner_height) / 2),
        inner_width,
        inner_height,
    )


def _large(layout: CompositionLayout, contents: Sequence[Content], speaker: str | None) -> Content | None:
    screens = [one for one in contents if one.is_screen]
    if screens:
        return screens[-1]
    if layout == "grid" or not contents:
        return None
    of_speaker = [one for one in contents if one.peer_id == speaker]
    return next(iter([*of_speaker, *_most_telling(contents, 1)]))


def _most_telling(contents: Sequence[Content], limit: int) -> list[Content]:
    """At most `limit`, in their order; those with a picture remain first."""
    if len(contents) <= limit:
        return list(contents)
    kept = sorted(range(len(contents)), key=lambda index: contents[index].video is None)[:limit]
    return [contents[index] for index in sorted(kept)]


def _tile_width(columns: int, count: int, width: int, height: int) -> float:
    rows = -(-count // columns)
    return min(width / columns, height / rows * ASPECT)


def _inset(rect: Rect) -> Rect:
    half = GAP // 2
    return Rect(rect.x + half, rect.y + half, rect.width - GAP, rect.height - GAP)


def _even(value: float) -> int:
    return int(value) // 2 * 2


def _nearest_even(value: float) -> int:
    return round(value / 2) * 2
