"""Where the pictures of a composition are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_recorder.domain.composition_layout import (
    MAX_GRID,
    MAX_STRIP,
    Content,
    Rect,
    arrange,
    fitted,
    grid,
    spotlight,
)

SIDES = st.integers(80, 960).map(lambda half: 2 * half)


def contents(*peers: str, without_video: str = "") -> list[Content]:
    return [Content(peer, peer, None if peer in without_video else f"{peer}/camera") for peer in peers]


def shown(tiles: list[tuple[str, Rect]]) -> list[str]:
    return [peer for peer, _ in tiles]


def require_apart(rects: list[Rect], width: int, height: int) -> None:
    for one in rects:
        assert all(side % 2 == 0 for side in one), one
        assert one.width >= 2
        assert one.height >= 2
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.width <= width
        assert one.y + one.height <= height
    for one, other in itertools.combinations(rects, 2):
        assert (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        ), (one, other)


@given(st.integers(1, MAX_GRID), SIDES, SIDES)
def test_tiles_of_a_grid_are_even_equal_and_apart(count: int, width: int, height: int) -> None:
    rects = grid(count, width, height)
    require_apart(rects, width, height)
    assert len({(one.width, one.height) for one in rects}) == 1
    assert len(rects) == count


@given(st.integers(0, MAX_STRIP), SIDES, SIDES)
def test_a_large_tile_and_a_strip_are_even_and_apart(others: int, width: int, height: int) -> None:
    large, *small = spotlight(others, width, height)
    require_apart([large, *small], width, height)
    assert len(small) == others
    assert all(one.width * one.height < large.width * large.height for one in small)


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (1, (1280, 720), [Rect(0, 0, 1280, 720)]),
        (2, (1280, 720), [Rect(2, 182, 636, 356), Rect(642, 182, 636, 356)]),
        (2, (720, 1280), [Rect(2, 238, 716, 400), Rect(2, 642, 716, 400)]),
        (3, (1280, 720), [Rect(2, 2, 636, 356), Rect(642, 2, 636, 356), Rect(322, 362, 636, 356)]),
    ],
)
def test_a_grid_uses_the_canvas(count: int, size: tuple[int, int], expected: list[Rect]) -> None:
    assert grid(count, *size) == expected


@given(SIDES, SIDES, st.integers(1, 4000), st.integers(1, 4000))
def test_a_picture_keeps_its_aspect_ratio(width: int, height: int, picture_width: int, picture_height: int) -> None:
    rect = Rect(10, 20, width, height)
    place = fitted(rect, picture_width, picture_height)
    assert all(side % 2 == 0 for side in place)
    assert place.width == width or place.height == height or min(place.width, place.height) == 2
    assert abs(place.width - place.height * picture_width / picture_height) <= 2 * max(
        1, picture_width / picture_height
    )
    assert rect.x <= place.x
    assert place.x + place.width <= rect.x + rect.width
    assert rect.y <= place.y
    assert place.y + place.height <= rect.y + rect.height


def test_who_speaks_is_large() -> None:
    tiles = arrange("speaker", 1280, 720, contents("ann", "bob", "eve"), "bob")
    assert [tile.content.peer_id for tile in tiles] == ["bob", "ann", "eve"]
    assert tiles[0].rect.width > 3 * tiles[1].rect.width
    silent = arrange("speaker", 1280, 720, contents("ann", "bob", without_video="ann"), None)
    assert [tile.content.peer_id for tile in silent] == ["bob", "ann"], "a picture is preferred"


@pytest.mark.parametrize("layout", ["grid", "speaker"])
def test_the_latest_screen_is_large(layout: str) -> None:
    screens = [Content(peer, peer, f"{peer}/screen", is_screen=True) for peer in ("ann", "bob")]
    tiles = arrange(layout, 1280, 720, [*contents("ann", "bob"), *screens], "ann")  # type: ignore[arg-type]
    assert [tile.content.video for tile in tiles] == ["bob/screen", "ann/camera", "bob/camera", "ann/screen"]
    assert tiles[0].rect.width > 3 * tiles[1].rect.width


@pytest.mark.parametrize("layout", ["grid", "speaker"])
def test_those_without_a_picture_are_left_out_first(layout: str) -> None:
    peers = [f"p{number:02}" for number in range(40)]
    hidden = peers[0]
    tiles = arrange(layout, 1280, 720, contents(*peers, without_video=hidden), peers[9])  # type: ignore[arg-type]
    assert len(tiles) == (MAX_GRID if layout == "grid" else 1 + MAX_STRIP)
    assert hidden not in {tile.content.peer_id for tile in tiles}


@pytest.mark.parametrize("layout", ["grid", "speaker"])
def test_nobody_is_an_empty_canvas(layout: str) -> None:
    assert arrange(layout, 1280, 720, [], None) == []  # type: ignore[arg-type]
