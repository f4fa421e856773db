"""WorkQueues: the first message of each is worked off next, and a repeated append stores nothing twice."""

from __future__ import annotations

import pytest

from hubbub_bus import Bus, WorkQueues
from hubbub_contracts import Model, ids


class Note(Model):
    """A message."""

    text: str


@pytest.fixture
async def queues(bus: Bus) -> WorkQueues:
    name = f"queues-{ids.mint()}"
    created = WorkQueues(bus, name, f"test.{name}", max_age=60.0, max_bytes=1_000_000)
    await created.ensure()
    return created


async def first_text(queues: WorkQueues, key: str) -> str | None:
    found = await queues.first(key)
    return None if found is None else Note.model_validate_json(found.value).text


async def test_queue_is_worked_off_in_order(queues: WorkQueues) -> None:
    for text in ("one", "two"):
        await queues.append("a", text, Note(text=text))
    await queues.append("b", "other", Note(text="other"))
    first = await queues.first("a")
    assert first is not None
    assert await first_text(queues, "a") == "one"
    await queues.remove(first.sequence)
    assert await first_text(queues, "a") == "two"
    assert await first_text(queues, "b") == "other"


async def test_repeated_append_is_stored_once(queues: WorkQueues) -> None:
    for _ in range(2):
        await queues.append("a", "id-1", Note(text="one"))
    assert await queues.keys() == {"a": 1}


async def test_removing_twice_is_no_error(queues: WorkQueues) -> None:
    await queues.append("a", "id-1", Note(text="one"))
    first = await queues.first("a")
    assert first is not None
    for _ in range(2):
        await queues.remove(first.sequence)
    assert await queues.first("a") is None


async def test_queues_are_listed_and_cleared_by_filter(queues: WorkQueues) -> None:
    for key in ("x.1", "x.2", "y.1"):
        await queues.append(key, key, Note(text=key))
    assert await queues.keys("x.*") == {"x.1": 1, "x.2": 1}
    await queues.clear("x.>")
    assert await queues.keys() == {"y.1": 1}
