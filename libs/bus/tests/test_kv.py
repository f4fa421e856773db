"""Compare-and-set, tombstones and expiry on a real server."""

import asyncio
import time

import pytest

from hubbub_bus import Bus, KeyConflict, KeyValue
from hubbub_bus.kv import Bucket, BucketMissing
from hubbub_contracts import ErrorCode, HubbubError, Model, ids


class Value(Model):
    """A record with one number."""

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


async def test_one_of_a_hundred_concurrent_creates_succeeds(store: KeyValue) -> None:
    results = await asyncio.gather(*(store.create("a", Value(n=n)) for n in range(100)), return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, KeyConflict) for result in results) == 99


async def test_a_purge_leaves_a_tombstone_with_its_reason_until_it_expires(store: KeyValue) -> None:
    revision = await store.create("a", Value(n=1))
    tombstone = await store.purge("a", last=revision, reason="left", tombstone_ttl=3)
    entry = await store.get("a")
    assert entry is not None
    assert (entry.value, entry.revision, entry.reason, entry.expired) == (None, tombstone, "left", False)
    with pytest.raises(KeyConflict):
        await store.create("a", Value(n=2), over_tombstone=False)
    async with asyncio.timeout(20):
        while await store.get("a") is not None:
            await asyncio.sleep(0.05)
    assert await store.create("a", Value(n=2), over_tombstone=False) > tombstone


async def test_create_replaces_a_tombstone(store: KeyValue) -> None:
    tombstone = await store.purge("a", last=await store.create("a", Value(n=1)))
    assert await store.create("a", Value(n=2)) == tombstone + 1


async def test_an_expired_key_leaves_a_tombstone(store: KeyValue) -> None:
    await store.create("a", Value(n=1), ttl=1)
    async with asyncio.timeout(20):
        while (entry := await store.get("a")) is None or entry.value is not None:
            await asyncio.sleep(0.05)
    assert entry.expired


async def test_the_revisions_of_a_new_bucket_start_at_the_current_time(bus: Bus, store: KeyValue) -> None:
    assert not await store.ensure()
    revision = await store.create("a", Value(n=1))
    assert 0 <= time.time() - revision / 1_000_000 < 60


async def test_a_missing_bucket_is_unavailable(bus: Bus) -> None:
    missing = KeyValue(bus, Bucket("there-is-none"))
    with pytest.raises(BucketMissing):
        await missing.create("a", Value(n=1))
    with pytest.raises(BucketMissing):
        await missing.get("a")


async def test_the_owner_corrects_the_configuration_of_an_existing_bucket(bus: Bus) -> None:
    name = f"bucket-{ids.mint()}"
    await KeyValue(bus, Bucket(name)).ensure()
    revision = await KeyValue(bus, Bucket(name)).create("a", Value(n=1))
    owned = KeyValue(bus, Bucket(name, f"$KV.{name}.>", f"test.{name}.>", max_bytes=4096))
    assert not await owned.ensure()
    config = (await bus.connection.client.jetstream().stream_info(owned.bucket.stream)).config
    assert config.republish is not None
    assert (config.republish.dest, config.max_bytes, config.subject_delete_marker_ttl) == (f"test.{name}.>", 4096, 60)
    entry = await owned.get("a")
    assert entry is not None
    assert entry.revision == revision


async def test_a_refused_correction_leaves_the_bucket_as_it_is(bus: Bus, store: KeyValue) -> None:
    on_three_servers = Bucket(store.bucket.name, replicas=3)
    assert not await KeyValue(bus, on_three_servers).ensure()
    assert await store.create("a", Value(n=1)) > 0


async def test_a_full_bucket_refuses_new_keys_and_accepts_removals(bus: Bus) -> None:
    small = KeyValue(bus, Bucket(f"bucket-{ids.mint()}", max_bytes=20_000))
    await small.ensure()
    revisions: list[int] = []

    async def fill() -> None:
        while len(revisions) < 1_000:
            revisions.append(await small.create(f"k{len(revisions)}", Value(n=10**100)))

    with pytest.raises(HubbubError) as refused:
        await fill()
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    assert await small.purge("k0", last=revisions[0], reason="left") > revisions[-1]
