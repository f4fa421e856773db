"""The log of a bucket's changes: complete, in order, continued at a position, bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import pytest

from hubbub_bus import Bucket, Bus, ChangeCapture, ChangeLog, KeyValue, LoggedChange, list_bucket
from hubbub_contracts import HubbubError, Model, ids


class Note(Model):
    """A record."""

    text: str


@pytest.fixture
async def bucket(bus: Bus) -> KeyValue:
    name = f"bucket-{ids.mint()}"
    store = KeyValue(bus, Bucket(name, f"$KV.{name}.>", f"test.{name}.>"))
    await store.ensure()
    return store


@pytest.fixture
async def log(bus: Bus, bucket: KeyValue) -> AsyncIterator[ChangeLog]:
    """A log with one instance that captures."""
    created = await log_of(bus, bucket)
    async with capturing(bus, bucket, created):
        yield created


async def log_of(bus: Bus, bucket: KeyValue, max_bytes: int = 1_000_000) -> ChangeLog:
    name = f"log-{bucket.bucket.name}"
    log = ChangeLog(bus, name, f"test.{name}", max_age=60.0, max_bytes=max_bytes)
    await log.ensure()
    return log


@contextlib.asynccontextmanager
async def capturing(bus: Bus, bucket: KeyValue, log: ChangeLog) -> AsyncIterator[None]:
    name = bucket.bucket.name
    capture = ChangeCapture(log, {name: f"test.{name}."})
    await capture.start(bus)
    yield
    await capture.stop()


async def read(log: ChangeLog, position: int, count: int) -> list[LoggedChange]:
    """The next changes, at least `count`."""
    changes: list[LoggedChange] = []
    async with asyncio.timeout(10), contextlib.aclosing(reading(log, position)) as batches:
        async for batch in batches:
            changes += batch
            if len(changes) >= count:
                return changes
    raise AssertionError("the reading ended")


def reading(log: ChangeLog, position: int) -> AsyncGenerator[list[LoggedChange]]:
    return cast("AsyncGenerator[list[LoggedChange]]", log.read(position, batch=10))


def values(changes: list[LoggedChange]) -> list[str | None]:
    return [
        None if change.entry.value is None else Note.model_validate_json(change.entry.value).text for change in changes
    ]


async def test_log_has_every_change_of_one_key(bucket: KeyValue, log: ChangeLog) -> None:
    revision = 0
    for text in ("one", "two", "three"):
        revision = await bucket.update("key", Note(text=text), last=revision)
    tombstone = await bucket.purge("key", last=revision, reason="left")
    changes = await read(log, 0, 4)
    assert values(changes) == ["one", "two", "three", None]
    assert [change.entry.key for change in changes] == ["key"] * 4
    revisions = [change.entry.revision for change in changes]
    assert revisions == list(range(tombstone - 3, tombstone + 1))
    assert changes[-1].entry.reason == "left"
    assert all(change.written_at for change in changes)


async def test_another_reader_continues_at_a_position(bucket: KeyValue, log: ChangeLog) -> None:
    for key in ("a", "b", "c"):
        await bucket.create(key, Note(text=key))
    position = (await read(log, 0, 3))[1].position
    assert values(await read(log, position, 1)) == ["c"]


async def test_reader_waits_for_the_next_change(bucket: KeyValue, log: ChangeLog) -> None:
    async with contextlib.aclosing(reading(log, 0)) as batches, asyncio.TaskGroup() as tasks:
        batch = tasks.create_task(anext(batches))
        await asyncio.sleep(0)
        await bucket.create("a", Note(text="a"))
        assert values(await batch) == ["a"]


async def test_trimmed_changes_are_gone(bucket: KeyValue, log: ChangeLog) -> None:
    for key in ("a", "b", "c"):
        await bucket.create(key, Note(text=key))
    changes = await read(log, 0, 3)
    await log.trim(changes[1].position)
    assert values(await read(log, 0, 1)) == ["c"]


async def test_log_that_was_lost_does_not_repeat_a_position(bus: Bus, bucket: KeyValue, log: ChangeLog) -> None:
    await bucket.create("a", Note(text="a"))
    position = (await read(log, 0, 1))[0].position
    await bus.connection.client.jetstream().delete_stream(f"log-{bucket.bucket.name}")
    with pytest.raises(HubbubError):
        await log.fill_level()
    await log.ensure()
    await bucket.create("b", Note(text="b"))
    changes = await read(log, position, 1)
    assert values(changes) == ["b"]
    assert changes[0].position > position


async def test_full_log_loses_the_oldest_changes_and_shows_it(bus: Bus, bucket: KeyValue) -> None:
    log = await log_of(bus, bucket, max_bytes=4_000)
    async with capturing(bus, bucket, log):
        written = [await bucket.create(f"key-{i}", Note(text="x" * 500)) for i in range(20)]
    changes = await read(log, 0, 1)
    revisions = [change.entry.revision for change in changes]
    assert revisions[-1] == written[-1]
    assert revisions[0] > written[0]
    assert await log.fill_level() > 0.5


async def test_listing_ends_where_the_log_goes_on(bus: Bus, bucket: KeyValue, log: ChangeLog) -> None:
    await bucket.create("a", Note(text="a"))
    entries, complete = await list_bucket(bus, bucket)
    later = await bucket.create("b", Note(text="b"))
    assert [entry.key for entry in entries] == ["a"]
    changes = await read(log, 0, 2)
    assert [change.entry.revision for change in changes] == [complete.sequence, later]


async def test_several_instances_capture_a_change_once(bus: Bus, bucket: KeyValue, log: ChangeLog) -> None:
    async with capturing(bus, bucket, log), capturing(bus, bucket, log):
        written = [await bucket.create(key, Note(text=key)) for key in ("a", "b", "c")]
    changes = await read(log, 0, 3)
    assert sorted(change.entry.revision for change in changes) == written


async def test_stopping_a_capture_waits_for_what_it_has_received(bus: Bus, bucket: KeyValue) -> None:
    log = await log_of(bus, bucket)
    async with capturing(bus, bucket, log):
        for i in range(200):
            await bucket.create(f"key-{i}", Note(text="x"))
    assert len(await read(log, 0, 200)) == 200
