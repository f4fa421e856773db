"""Acquiring, renewing, losing and fencing a lease."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub_bus import Bus, KeyConflict, KeyValue, Lease, fence, lease_bucket, parse_lease
from hubbub_contracts import ErrorCode, HubbubError, ids
from support.nats_servers import nats_server


@pytest.fixture
async def store(bus: Bus) -> KeyValue:
    bucket = lease_bucket(bus)
    await bucket.ensure()
    return bucket


@pytest.fixture
def key() -> str:
    return f"node.{ids.mint()}"


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_renewing_keeps_the_epoch(bus: Bus, store: KeyValue, key: str) -> None:
    lease = Lease(bus, key, "n", data={"region": "eu"}, ttl=3, renew_interval=0.2)
    epoch = await lease.acquire()
    await asyncio.sleep(3.5)
    entry = await store.get(key)
    assert entry is not None
    record = parse_lease(entry)
    assert record is not None
    assert entry.revision > epoch
    assert (record.epoch, record.holder, record.data, record.fenced) == (epoch, "n", {"region": "eu"}, False)
    assert lease.held
    await lease.release()
    entry = await store.get(key)
    assert entry is not None
    assert (entry.value, entry.reason, lease.held) == (None, "released", False)


async def test_the_newest_holder_wins_and_the_older_one_is_fenced(bus: Bus, key: str) -> None:
    lost: list[str] = []
    old = Lease(bus, key, "n", on_lost=lost.append, renew_interval=0.05)
    new = Lease(bus, key, "n", renew_interval=0.05)
    assert await old.acquire() < await new.acquire()
    await eventually(lambda: lost == ["fenced"])
    assert (old.held, new.held) == (False, True)
    await new.release()


async def test_a_fenced_holder_can_acquire_the_lease_with_a_new_epoch(bus: Bus, store: KeyValue, key: str) -> None:
    lost: list[str] = []
    lease = Lease(bus, key, "n", on_lost=lost.append, renew_interval=0.05)
    first = await lease.acquire()
    while not await fence(store, key, first):  # a renewal may come first
        await asyncio.sleep(0)
    assert not await fence(store, key, first)
    await eventually(lambda: lost == ["fenced"])
    second = await lease.acquire()
    assert second > first
    assert not await fence(store, key, first)
    await asyncio.sleep(0.2)
    assert lease.held
    await lease.release()


async def test_the_lease_of_a_former_incarnation_does_not_end_the_current_one(
    bus: Bus, store: KeyValue, key: str
) -> None:
    lost: list[str] = []
    former = Lease(bus, key, "n")
    await former.acquire()
    stored = await store.get(key)
    assert stored is not None
    record = parse_lease(stored)
    assert record is not None
    await former._stop_renewing()
    lease = Lease(bus, key, "n", on_lost=lost.append, renew_interval=0.05)
    epoch = await lease.acquire()
    while True:  # the store loses its last writes; a renewal may come in between
        current = await store.get(key)
        assert current is not None
        try:
            rolled_back = await store.update(key, record, last=current.revision)
            break
        except KeyConflict:
            continue
    async with asyncio.timeout(20):
        while (current := await store.get(key)) is None or current.revision == rolled_back:
            await asyncio.sleep(0.02)
    assert (lease.held, lease.epoch, lost) == (True, epoch, [])
    await lease.release()


async def test_a_fence_is_written_where_the_lease_has_expired(bus: Bus, store: KeyValue, key: str) -> None:
    assert await fence(store, key, 5)
    entry = await store.get(key)
    assert entry is not None
    record = parse_lease(entry)
    assert record is not None
    assert (record.fenced, record.epoch, record.holder) == (True, 5, key.removeprefix("node."))


async def test_after_an_outage_the_lease_is_regained_with_its_epoch_even_when_the_store_lost_everything() -> None:
    with nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        lost: list[str] = []
        regained: list[bool] = []
        lease = Lease(
            bus,
            "node.n",
            "n",
            on_lost=lost.append,
            on_regained=lambda: regained.append(True),
            ttl=3,
            renew_interval=0.2,
        )
        await lease_bucket(bus).ensure()
        epoch = await lease.acquire()
        server.kill()
        await eventually(lambda: lost == ["lapsed"])
        assert not lease.held
        server.start()
        await eventually(lambda: regained == [True])
        await bus.connection.client.jetstream().delete_stream("KV_leases")
        await eventually(lambda: lost == ["lapsed", "lapsed"])
        await lease_bucket(bus).ensure()
        await eventually(lambda: lease.held)
        assert lease.epoch == epoch
        entry = await lease_bucket(bus).get("node.n")
        assert entry is not None
        record = parse_lease(entry)
        assert record is not None
        assert record.epoch == epoch
        await lease.release()
        await bus.close()


async def test_a_failed_renewal_is_repeated_before_the_next_one_is_due(
    bus: Bus, store: KeyValue, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub_bus.lease.RETRY_INTERVAL", 0.05)
    lease = Lease(bus, key, "n", ttl=60, renew_interval=5)
    await lease.acquire()
    attempts = 0

    async def refuse(*_: object, **__: object) -> int:
        nonlocal attempts
        attempts += 1
        raise HubbubError(ErrorCode.UNAVAILABLE, "the bus is not connected", retryable=True)

    monkeypatch.setattr(lease._store, "update", refuse)
    await eventually(lambda: attempts == 1)
    monkeypatch.undo()
    failed_at = asyncio.get_running_loop().time()
    await eventually(lambda: lease._renewed_at > failed_at)
    assert lease._renewed_at < failed_at + 5, "before the interval has passed"
    await lease.release()


async def test_a_lease_is_fresh_while_the_store_accepts_its_renewals(
    bus: Bus, store: KeyValue, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub_bus.lease.FRESH_FOR", 0.5)
    lease = Lease(bus, key, "n", renew_interval=0.05)
    before_acquiring = lease.is_fresh
    assert not before_acquiring
    await lease.acquire()
    await asyncio.sleep(0.7)
    await eventually(lambda: lease.is_fresh)

    async def refuse(*_: object, **__: object) -> int:
        raise HubbubError(ErrorCode.UNAVAILABLE, "no space left on device", retryable=True)

    monkeypatch.setattr(lease._store, "update", refuse)
    await eventually(lambda: not lease.is_fresh)
    assert lease.held, "the lease outlives the readiness"
    monkeypatch.undo()
    await eventually(lambda: lease.is_fresh)
    await lease.release()
    assert not lease.is_fresh


async def test_a_holder_waits_until_the_owner_creates_the_bucket() -> None:
    with nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        lease = Lease(bus, "node.n", "n")
        acquiring = asyncio.create_task(lease.acquire())
        await asyncio.sleep(0.3)
        assert not acquiring.done()
        assert await lease_bucket(bus).ensure(), "the holder did not create it"
        await asyncio.wait_for(acquiring, 20)
        await lease.release()
        await bus.close()
