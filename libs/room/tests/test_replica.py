"""A replica with a scripted feed and registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_room import FeedChange, PeerChanged, RoomReplica, RoomState, replica

SETTINGS = RoomRecord(room_id="room", call_id="call", codec_profile="v1", created_at=0)
UNAVAILABLE = HubbubError(ErrorCode.UNAVAILABLE, "no registry", retryable=True)
NOT_FOUND = HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")


class FakeFeed:
    """A feed that the test drives."""

    def __init__(self) -> None:
        self.is_open = False
        self.error: Exception | None = None
        self.on_change: Callable[[FeedChange], None] = lambda _: None
        self.gap: Callable[[], None] = lambda: None

    async def __call__(self, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]) -> FakeFeed:
        if self.error is not None:
            raise self.error
        self.is_open, self.on_change, self.gap = True, on_change, on_gap
        return self

    async def stop(self) -> None:
        self.is_open = False

    def join(self, sequence: int, peer_id: str) -> None:
        self.on_change(PeerChanged(sequence, peer_id, peer(peer_id), ""))

    def leave(self, sequence: int, peer_id: str) -> None:
        self.on_change(PeerChanged(sequence, peer_id, None, "left"))


class FakeRegistry:
    """Answers each request on the test's command."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[asyncio.Future[RoomSnapshot]] = asyncio.Queue()

    async def fetch(self) -> RoomSnapshot:
        answer: asyncio.Future[RoomSnapshot] = asyncio.get_running_loop().create_future()
        self.requests.put_nowait(answer)
        return await answer

    async def request(self) -> asyncio.Future[RoomSnapshot]:
        """The next request, pending."""
        async with asyncio.timeout(10):
            return await self.requests.get()

    async def answer(self, answer: RoomSnapshot | Exception) -> None:
        request = await self.request()
        if isinstance(answer, RoomSnapshot):
            request.set_result(answer)
        else:
            request.set_exception(answer)
        await settle()


class Peers:
    """A projection to the ids of the peers. It records its calls."""

    def __init__(self) -> None:
        self.present: set[str] = set()
        self.calls: list[str] = []
        self.failures = 0
        """How many of the next calls fail."""

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a bug of the projection")

    def apply(self, change: FeedChange) -> None:
        self._fail()
        assert isinstance(change, PeerChanged)
        (self.present.discard if change.record is None else self.present.add)(change.peer_id)
        self.calls.append(f"apply {change.sequence}")

    def adopt(self, state: RoomState) -> None:
        self._fail()
        self.present = set(state.peers)
        self.calls.append(f"adopt {state.revision}")

    def room_not_found(self) -> None:
        self.calls.append("not found")


class Rig:
    def __init__(self, delay: float = 0.0) -> None:
        self.feed, self.registry, self.peers = FakeFeed(), FakeRegistry(), Peers()
        self.replica = RoomReplica(self.feed, self.registry.fetch, self.peers, delay=delay)


def peer(peer_id: str) -> PeerRecord:
    return PeerRecord(
        room_id="room",
        peer_id=peer_id,
        user_id="user",
        display_name="",
        app_data={},
        joined_at=0,
        signaling_id="signaling",
    )


def snapshot(revision: int, *peer_ids: str) -> RoomSnapshot:
    return RoomSnapshot(room=SETTINGS, peers=[peer(each) for each in peer_ids], revision=revision)


async def settle() -> None:
    """Runs all tasks that are ready."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "BACKOFF", (0.001, 0.002))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Fresh at revision 10, with the peer `a`."""
    rig = Rig()
    await rig.replica.open()
    rig.replica.adopt(snapshot(10, "a"))
    rig.peers.calls.clear()
    yield rig
    await rig.replica.stop()


async def test_a_feed_that_cannot_be_opened_raises() -> None:
    rig = Rig()
    rig.feed.error = UNAVAILABLE
    with pytest.raises(HubbubError):
        await rig.replica.open()


async def test_resync_provides_the_first_snapshot() -> None:
    rig = Rig()
    await rig.replica.open()
    assert not rig.replica.fresh
    rig.replica.resync()
    await rig.registry.answer(snapshot(10, "a"))
    assert (rig.peers.present, rig.replica.revision, rig.replica.fresh) == ({"a"}, 10, True)
    await rig.replica.stop()


async def test_changes_before_the_first_snapshot_survive_it() -> None:
    rig = Rig()
    await rig.replica.open()
    rig.feed.join(11, "b")
    rig.replica.adopt(snapshot(10, "a"))
    assert (rig.peers.present, rig.replica.revision, rig.replica.fresh) == ({"a", "b"}, 11, True)
    await rig.replica.stop()


async def test_changes_are_applied_in_order_and_duplicates_are_dropped(rig: Rig) -> None:
    for sequence, peer_id in ((11, "b"), (11, "b"), (13, "c"), (12, "d")):
        rig.feed.join(sequence, peer_id)
    assert rig.peers.calls == ["apply 11", "apply 13"]


async def test_a_gap_is_answered_by_a_snapshot(rig: Rig) -> None:
    rig.feed.gap()
    assert not rig.replica.fresh
    await rig.registry.answer(snapshot(12, "b"))
    assert (rig.peers.present, rig.replica.fresh) == ({"b"}, True)


async def test_several_gaps_cost_one_request(rig: Rig) -> None:
    for _ in range(3):
        rig.feed.gap()
    await rig.registry.answer(snapshot(12))
    assert rig.registry.requests.empty()
    assert rig.peers.calls == ["adopt 12"]


async def test_changes_are_applied_while_a_snapshot_is_awaited_and_survive_it(rig: Rig) -> None:
    rig.feed.gap()
    request = await rig.registry.request()
    rig.feed.join(13, "c")
    assert rig.peers.present == {"a", "c"}
    request.set_result(snapshot(12, "b"))
    await settle()
    assert (rig.peers.present, rig.replica.revision) == ({"b", "c"}, 13)


async def test_a_reply_that_arrives_after_another_gap_is_discarded(rig: Rig) -> None:
    rig.feed.gap()
    request = await rig.registry.request()
    rig.feed.gap()
    request.set_result(snapshot(12, "b"))
    await settle()
    assert rig.peers.calls == []
    assert not rig.replica.fresh
    await rig.registry.answer(snapshot(13, "c"))
    assert rig.peers.calls == ["adopt 13"]


async def test_a_failed_request_is_retried(rig: Rig) -> None:
    rig.feed.gap()
    await rig.registry.answer(UNAVAILABLE)
    await rig.registry.answer(UNAVAILABLE)
    await rig.registry.answer(snapshot(12, "b"))
    assert (rig.peers.calls, rig.replica.fresh) == (["adopt 12"], True)


async def test_a_stale_snapshot_is_requested_again(rig: Rig) -> None:
    rig.feed.gap()
    await rig.registry.answer(snapshot(9))
    assert not rig.replica.fresh
    await rig.registry.answer(snapshot(12, "b"))
    assert rig.peers.calls == ["adopt 12"]


async def test_a_missing_room_is_reported_and_not_requested_again(rig: Rig) -> None:
    rig.feed.gap()
    await rig.registry.answer(NOT_FOUND)
    assert (rig.peers.calls, rig.replica.fresh) == (["not found"], True)
    assert rig.registry.requests.empty()


async def test_a_room_that_is_created_again_during_a_request_is_requested_again(rig: Rig) -> None:
    rig.feed.gap()
    request = await rig.registry.request()
    rig.feed.join(11, "b")
    request.set_exception(NOT_FOUND)
    await rig.registry.answer(snapshot(11, "b"))
    assert (rig.peers.calls, rig.peers.present) == (["apply 11", "adopt 11"], {"b"})
    assert rig.replica.fresh


async def test_a_snapshot_from_another_reply_is_adopted_only_when_it_is_newer(rig: Rig) -> None:
    rig.replica.adopt(snapshot(10, "b"))
    assert rig.peers.present == {"a"}
    rig.replica.adopt(snapshot(12, "b"))
    rig.feed.join(11, "c")
    assert (rig.peers.present, rig.replica.fresh) == ({"b"}, True)


async def test_a_snapshot_from_another_reply_does_not_end_a_gap(rig: Rig) -> None:
    rig.feed.gap()
    request = await rig.registry.request()
    rig.replica.adopt(snapshot(12, "b"))
    assert rig.peers.present == {"b"}
    assert not rig.replica.fresh
    request.set_result(snapshot(13, "c"))
    await settle()
    assert (rig.peers.present, rig.replica.fresh) == ({"c"}, True)


def partial(revision: int, peer_id: str) -> RoomSnapshot:
    return snapshot(revision, peer_id).model_copy(update={"partial": True})


async def test_a_partial_reply_waits_for_the_changes_up_to_it(rig: Rig) -> None:
    assert rig.replica.known_revision == 10
    waiting = asyncio.create_task(rig.replica.catch_up(partial(12, "c")))
    rig.feed.join(11, "b")
    await settle()
    assert not waiting.done()
    rig.feed.join(12, "c")
    await waiting
    assert rig.peers.calls == ["apply 11", "apply 12"]
    await rig.replica.catch_up(partial(12, "c"))


async def test_a_write_that_was_acknowledged_is_waited_for(rig: Rig) -> None:
    await rig.replica.reach(10)
    waiting = asyncio.create_task(rig.replica.reach(12))
    rig.feed.join(11, "b")
    await settle()
    assert not waiting.done()
    rig.feed.join(12, "c")
    await waiting


async def test_a_partial_reply_does_not_suffice_after_a_gap(rig: Rig) -> None:
    rig.feed.gap()
    assert rig.replica.known_revision is None
    waiting = asyncio.create_task(rig.replica.catch_up(partial(11, "b")))
    rig.feed.join(11, "b")
    await settle()
    assert not waiting.done()
    await rig.registry.answer(snapshot(11, "a", "b"))
    await waiting
    assert rig.peers.present == {"a", "b"}


async def test_a_snapshot_replaces_a_change_that_does_not_arrive(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "FEED_LAG", 0.01)
    waiting = asyncio.create_task(rig.replica.catch_up(partial(11, "b")))
    await rig.registry.answer(snapshot(11, "a", "b"))
    await waiting
    assert rig.peers.present == {"a", "b"}


async def test_replies_whose_changes_do_not_arrive_share_a_snapshot(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "FEED_LAG", 0.0)
    first = asyncio.create_task(rig.replica.catch_up(partial(11, "b")))
    request = await rig.registry.request()
    second = asyncio.create_task(rig.replica.catch_up(partial(11, "b")))
    await settle()
    request.set_result(snapshot(11, "a", "b"))
    await asyncio.gather(first, second)
    assert rig.registry.requests.empty()


async def test_a_change_that_never_arrives_fails_the_request(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "FEED_LAG", 0.01)
    monkeypatch.setattr(replica, "CATCH_UP", 0.01)
    with pytest.raises(HubbubError) as failure:
        await rig.replica.catch_up(partial(11, "b"))
    assert (failure.value.code, failure.value.retryable) == (ErrorCode.UNAVAILABLE, True)


async def test_a_complete_reply_is_adopted(rig: Rig) -> None:
    await rig.replica.catch_up(snapshot(12, "b"))
    assert rig.peers.present == {"b"}


async def test_a_revision_announced_twice_without_its_change_leads_to_a_snapshot(rig: Rig) -> None:
    rig.replica.announce(12)
    assert rig.replica.fresh
    rig.replica.announce(12)
    await rig.registry.answer(snapshot(12, "b"))
    assert rig.peers.calls == ["adopt 12"]


async def test_the_delay_passes_before_a_snapshot_is_requested() -> None:
    rig = Rig(delay=0.05)
    await rig.replica.open()
    loop = asyncio.get_running_loop()
    started = loop.time()
    rig.replica.resync()
    await rig.registry.answer(snapshot(10))
    assert loop.time() - started >= 0.05
    await rig.replica.stop()


async def test_stop_ends_the_feed_and_a_pending_request(rig: Rig) -> None:
    rig.feed.gap()
    request = await rig.registry.request()
    await rig.replica.stop()
    assert request.cancelled()
    assert not rig.feed.is_open
    assert rig.peers.calls == []


async def test_stop_ends_the_retries(rig: Rig) -> None:
    rig.feed.gap()
    await rig.registry.answer(UNAVAILABLE)
    await rig.replica.stop()
    # A retry may have begun before the end.
    begun = rig.registry.requests.qsize()
    assert begun == 0 or rig.registry.requests.get_nowait().cancelled()
    await asyncio.sleep(0.01)
    assert rig.registry.requests.qsize() == max(0, begun - 1)


async def test_a_change_that_is_not_applied_is_followed_by_a_snapshot(rig: Rig) -> None:
    rig.peers.failures = 1
    rig.feed.join(11, "bob")
    await rig.registry.answer(snapshot(11, "ann", "bob"))
    assert rig.peers.present == {"ann", "bob"}
    assert rig.replica.fresh


async def test_a_snapshot_that_is_not_adopted_is_requested_again(rig: Rig) -> None:
    rig.peers.failures = 1
    rig.feed.gap()
    await rig.registry.answer(snapshot(12, "bob"))
    assert not rig.replica.fresh
    await rig.registry.answer(snapshot(12, "bob"))
    assert rig.peers.present == {"bob"}
    assert rig.replica.fresh


async def test_a_request_that_fails_unexpectedly_is_retried(rig: Rig) -> None:
    rig.feed.gap()
    await rig.registry.answer(RuntimeError("a bug of the client"))
    await rig.registry.answer(snapshot(12, "bob"))
    assert rig.peers.present == {"bob"}
