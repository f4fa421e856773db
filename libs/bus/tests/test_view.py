"""A view equals its bucket, applies changes in order, and recovers from faults."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hubbub_bus import Bus, Entry, KeyValue, View
from hubbub_bus.kv import Bucket
from hubbub_cli.nats_server import EmbeddedNats
from hubbub_contracts import ErrorCode, HubbubError, Model, ids
from hubbub_service.tasks import failure_count
from support.nats_servers import nats_server
from support.nats_store import copy_store


class Value(Model):
    """A record with one number."""

    n: int


class Text(Model):
    """A record of any size."""

    text: str


async def eventually(condition: Callable[[], bool], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_view_lists_the_bucket_then_reports_each_change(bus: Bus, store: KeyValue) -> None:
    first = await store.create("a", Value(n=1))
    await store.purge("gone", last=await store.create("gone", Value(n=1)))
    seen: list[tuple[str, bytes | None, bytes | None]] = []

    def on_change(entry: Entry, before: Entry | None) -> None:
        seen.append((entry.key, entry.value, None if before is None else before.value))

    view = View(bus, store, on_change)
    view.start()
    await view.wait_healthy(20)
    second = await store.update("a", Value(n=2), last=first)
    await view.wait_for(second, timeout=20)
    assert view.entries["a"].revision == second
    last = await store.purge("a", last=second, reason="left")
    await view.wait_for(last, timeout=20)
    assert dict(view.entries) == {}
    assert view.sequence == last
    assert seen == [("a", b'{"n":1}', None), ("a", b'{"n":2}', b'{"n":1}'), ("a", None, b'{"n":2}')]
    await view.stop()


async def test_a_failing_listener_is_reported_and_the_view_continues(bus: Bus, store: KeyValue) -> None:
    def fail(_entry: Entry, _before: Entry | None) -> None:
        raise RuntimeError("a bug of the listener")

    view = View(bus, store, fail)
    view.start()
    await view.wait_healthy(20)
    failures = failure_count()
    await view.wait_for(await store.create("a", Value(n=1)), timeout=20)
    assert failure_count() == failures + 1
    assert "a" in view.entries
    await view.stop()


async def test_the_view_of_an_empty_bucket_is_healthy_at_once(bus: Bus, store: KeyValue) -> None:
    view = View(bus, store)
    view.start()
    await view.wait_healthy(20)
    assert view.healthy
    await view.stop()
    assert not view.healthy


async def test_a_thousand_changes_arrive_in_order(bus: Bus, store: KeyValue) -> None:
    revisions: list[int] = []
    view = View(bus, store, lambda entry, _: revisions.append(entry.revision))
    view.start()
    await view.wait_healthy(20)
    made: list[int] = []
    for batch in range(10):  # a thousand writes at once can exceed the write timeout of a busy machine
        writes = [store.create(f"k{batch}-{n}", Value(n=n)) for n in range(100)]
        made += await asyncio.gather(*writes)
    await view.wait_for(max(made), timeout=20)
    assert revisions == sorted(made)
    await view.stop()


async def test_changes_during_an_outage_are_reported_as_differences() -> None:
    with nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        store = KeyValue(bus, Bucket("b"))
        await store.ensure()
        kept, changed, removed = [await store.create(key, Value(n=1)) for key in ("kept", "changed", "removed")]
        reported: list[tuple[str, bytes | None]] = []
        view = View(bus, store, lambda entry, _: reported.append((entry.key, entry.value)))
        view.start()
        await view.wait_healthy(20)
        reported.clear()
        server.kill()
        await eventually(lambda: not view.healthy)
        server.start()
        await eventually(lambda: view.healthy)
        revision = await store.update("changed", Value(n=2), last=changed)
        await view.wait_for(await store.purge("removed", last=removed, reason="left"), timeout=20)
        assert reported == [("changed", b'{"n":2}'), ("removed", None)]
        assert (view.entries["kept"].revision, view.entries["changed"].revision) == (kept, revision)
        await view.stop()
        await bus.close()


async def test_a_deleted_bucket_is_created_again_and_revisions_still_grow() -> None:
    with nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        store = KeyValue(bus, Bucket("b"))
        await store.ensure()
        view = View(bus, store, owns_bucket=True)
        view.start()
        before = await store.create("a", Value(n=1))
        await view.wait_for(before, timeout=20)
        await bus.connection.client.jetstream().delete_stream("KV_b")
        await eventually(lambda: view.healthy and not view.entries)
        after = await store.create("a", Value(n=1))
        assert after > before
        await view.wait_for(after, timeout=20)
        await view.stop()
        await bus.close()


async def test_a_listing_larger_than_the_servers_output_buffer_arrives(tmp_path: Path) -> None:
    server = EmbeddedNats(tmp_path)
    with (tmp_path / "nats.conf").open("a") as config:
        config.write("max_pending: 4MB\n")
    with server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        store = KeyValue(bus, Bucket("b"))
        await store.ensure()
        records, record = 300, Text(text="x" * 100_000)
        for number in range(records):
            await store.create(f"k{number}", record)
        lost: list[bool] = []
        bus.on_disconnect(lambda: lost.append(True))
        view = View(bus, store)
        view.start()
        await view.wait_healthy(20)
        assert (len(view.entries), lost) == (records, [])
        await view.stop()
        await bus.close()


# nats-py does not close the socket of an attempt to connect that timed out.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_view_leaves_no_consumers_behind_when_the_server_freezes(tmp_path: Path) -> None:
    with EmbeddedNats(tmp_path) as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        store = KeyValue(bus, Bucket("b"))
        await store.ensure()
        view = View(bus, store)
        view.start()
        await view.wait_healthy(20)
        for _ in range(2):
            server.freeze()
            await eventually(lambda: not view.healthy)
            await asyncio.sleep(2)
            server.thaw()
            await eventually(lambda: view.healthy)
        jetstream = bus.connection.client.jetstream()
        async with asyncio.timeout(30):
            while len(await jetstream.consumers_info("KV_b")) > 1:
                await asyncio.sleep(0.5)
        await view.stop()
        await bus.close()


@pytest.fixture
def soon_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that a bucket which is just replaced does not answer is repeated before `rebuilding` ends."""
    monkeypatch.setattr("hubbub_bus.kv.WRITE_TIMEOUT", 4.0)


@pytest.mark.usefixtures("soon_repeated")
async def test_a_store_that_lacks_its_last_writes_is_replaced_and_no_revision_repeats(tmp_path: Path) -> None:
    with EmbeddedNats(tmp_path / "nats") as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        store = KeyValue(bus, Bucket("b"))
        views = [View(bus, KeyValue(bus, Bucket("b")), owns_bucket=True) for _ in range(2)]
        for view in views:
            view.start()
            await view.wait_healthy(20)
        await store.create("kept", Value(n=1))
        await copy_store(server.store_dir / "jetstream", tmp_path / "copy")
        before = await store.create("lost", Value(n=1))
        for view in views:
            await view.wait_for(before, timeout=20)
        identity = views[0].identity
        server.kill()
        shutil.rmtree(server.store_dir / "jetstream")
        shutil.copytree(tmp_path / "copy", server.store_dir / "jetstream")
        server.start()
        await eventually(lambda: all(view.healthy and view.identity != identity for view in views))
        for view in views:
            assert dict(view.entries) == {}
            assert view.rebuilding
        assert views[0].identity == views[1].identity
        assert await store.create("lost", Value(n=2)) > before
        for view in views:
            await view.stop()
        await bus.close()


@pytest.fixture
async def owner(bus: Bus) -> AsyncIterator[View]:
    """A healthy view that owns its new bucket, with one record."""
    store = KeyValue(bus, Bucket(f"b{ids.mint()}"))
    view = View(bus, store, owns_bucket=True)
    view.start()
    await view.wait_healthy(20)
    await view.wait_for(await store.create("a", Value(n=1)), timeout=20)
    yield view
    await view.stop()


async def refuses_to_confirm(view: View, identity: str | None, sequence: int) -> None:
    with pytest.raises(HubbubError) as refused:
        await view.confirm(identity, sequence)
    assert (refused.value.code, refused.value.retryable) == (ErrorCode.UNAVAILABLE, True)


async def require_replaced_after(view: View, identity: str | None, sequence: int) -> None:
    """The view refuses to confirm the position, and then has another bucket, which is empty."""
    before = view.identity
    await refuses_to_confirm(view, identity, sequence)
    await eventually(lambda: view.healthy and view.identity != before)
    assert (view.rebuilding, dict(view.entries)) == (True, {})


async def test_a_view_confirms_what_its_bucket_contains(owner: View) -> None:
    await owner.confirm(None, 0)
    await owner.confirm(owner.identity, owner.sequence)
    assert "a" in owner.entries


async def test_a_new_bucket_is_replaced_when_others_know_another_one(owner: View) -> None:
    await require_replaced_after(owner, "the lost bucket", 1)


async def test_a_bucket_is_replaced_when_others_have_seen_later_writes(owner: View) -> None:
    await require_replaced_after(owner, owner.identity, owner.sequence + 10)


async def test_an_old_bucket_is_kept_when_others_know_another_one(owner: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub_bus.view.NEW_BUCKET_AGE", 0.0)
    before = owner.identity
    await refuses_to_confirm(owner, "the lost bucket", 1)
    await asyncio.sleep(0.5)
    await eventually(lambda: owner.healthy)
    assert (owner.identity, set(owner.entries)) == (before, {"a"})


async def test_a_bucket_is_kept_whose_sequence_has_passed_what_others_have_seen(bus: Bus, store: KeyValue) -> None:
    revision = await store.create("a", Value(n=1))
    await store.rebuild((await store.state()).identity, known_sequence=revision)
    assert await store.get("a") is not None


@pytest.mark.usefixtures("soon_repeated")
async def test_a_replica_that_remembers_the_lost_bucket_replaces_one_that_another_replica_created(
    bus: Bus, owner: View
) -> None:
    lost, bucket = owner.identity, owner._store.bucket
    await bus.connection.client.jetstream().delete_stream(bucket.stream)
    await KeyValue(bus, bucket).ensure()
    await eventually(lambda: owner.healthy and owner.identity != lost)
    assert owner.rebuilding
