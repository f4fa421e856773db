"""Compare-and-set, markers and expiry, as the server really does them."""

import asyncio
import time

import pytest

from hubbub_bus import Bus, KeyConflict, KeyValue
from hubbub_bus.kv import Bucket, BucketMissing
from hubbub_contracts import Model


class Value(Model):
    """A record."""

    n: int


async def test_a_stale_writer_is_refused(store: KeyValue) -> None:
    first = await store.create("a", Value(n=1))
    second = await store.update("a", Value(n=2), last=first)
    assert second > first
    with pytest.raises(KeyConflict):
        await store.update("a", Value(n=3), last=first)
    with pytest.raises(KeyConflict):
        await store.create("a", Value(n=3))
    with pytest.raises(KeyConflict):
        await store.purge("a", last=first)
    entry = await store.get("a")
    assert entry is not None
    assert (entry.value, entry.revision) == (b'{"n":2}', second)


async def test_a_hundred_creators_make_one(store: KeyValue) -> None:
    results = await asyncio.gather(*(store.create("a", Value(n=n)) for n in range(100)), return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, KeyConflict) for result in results) == 99


async def test_a_purge_leaves_a_marker_with_its_reason_for_a_while(store: KeyValue) -> None:
    revision = await store.create("a", Value(n=1))
    marker = await store.purge("a", last=revision, reason="left", marker_ttl=1)
    entry = await store.get("a")
    assert entry is not None
    assert (entry.value, entry.revision, entry.reason, entry.expired) == (None, marker, "left", False)
    with pytest.raises(KeyConflict):
        await store.create("a", Value(n=2), over_marker=False)
    async with asyncio.timeout(5):
        while await store.get("a") is not None:
            await asyncio.sleep(0.05)
    assert await store.create("a", Value(n=2), over_marker=False) > marker


async def test_a_marker_may_be_written_over(store: KeyValue) -> None:
    marker = await store.purge("a", last=await store.create("a", Value(n=1)))
    assert await store.create("a", Value(n=2)) == marker + 1


async def test_a_key_with_a_time_to_live_expires_into_a_marker(store: KeyValue) -> None:
    await store.create("a", Value(n=1), ttl=1)
    async with asyncio.timeout(5):
        while (entry := await store.get("a")) is None or entry.value is not None:
            await asyncio.sleep(0.05)
    assert entry.expired


async def test_a_new_bucket_begins_above_every_older_one(bus: Bus, store: KeyValue) -> None:
    assert not await store.ensure()
    revision = await store.create("a", Value(n=1))
    assert 0 <= time.time() - revision / 1_000_000 < 60


async def test_a_missing_bucket_is_unavailable(bus: Bus) -> None:
    nothing = KeyValue(bus, Bucket("there-is-none"))
    with pytest.raises(BucketMissing):
        await nothing.create("a", Value(n=1))
    with pytest.raises(BucketMissing):
        await nothing.get("a")
