"""Lanes: the first message of each is worked off next, and a repeated append stores nothing twice."""

from __future__ import annotations

import pytest

from hubbub_bus import Bus, Lanes
from hubbub_contracts import Model, ids


class Note(Model):
    """A message."""

    text: str


@pytest.fixture
async def lanes(bus: Bus) -> Lanes:
    name = f"lanes-{ids.mint()}"
    created = Lanes(bus, name, f"test.{name}", max_age=60.0, max_bytes=1_000_000)
    await created.ensure()
    return created


async def first_text(lanes: Lanes, key: str) -> str | None:
    found = await lanes.first(key)
    return None if found is None else Note.model_validate_json(found.value).text


async def test_lane_is_worked_off_in_order(lanes: Lanes) -> None:
    for text in ("one", "two"):
        await lanes.append("a", text, Note(text=text))
    await lanes.append("b", "other", Note(text="other"))
    first = await lanes.first("a")
    assert first is not None
    assert await first_text(lanes, "a") == "one"
    await lanes.remove(first.sequence)
    assert await first_text(lanes, "a") == "two"
    assert await first_text(lanes, "b") == "other"


async def test_repeated_append_is_stored_once(lanes: Lanes) -> None:
    for _ in range(2):
        await lanes.append("a", "id-1", Note(text="one"))
    assert await lanes.keys() == {"a": 1}


async def test_removing_twice_is_no_error(lanes: Lanes) -> None:
    await lanes.append("a", "id-1", Note(text="one"))
    first = await lanes.first("a")
    assert first is not None
    for _ in range(2):
        await lanes.remove(first.sequence)
    assert await lanes.first("a") is None


async def test_lanes_are_listed_and_cleared_by_filter(lanes: Lanes) -> None:
    for key in ("x.1", "x.2", "y.1"):
        await lanes.append(key, key, Note(text=key))
    assert await lanes.keys("x.*") == {"x.1": 1, "x.2": 1}
    await lanes.clear("x.>")
    assert await lanes.keys() == {"y.1": 1}
