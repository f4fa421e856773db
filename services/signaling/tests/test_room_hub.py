"""The rooms of an instance: shared hubs, and what their listeners get."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.socket.base import Push
from hubbub_room import SettingsChanged, Subscription
from hubbub_service.tasks import failure_count
from hubbub_signaling.domain.room_view import PeerAdded, PeerRemoved, RoomRemoved, ViewChange
from hubbub_signaling.handlers.room_hub import RESYNC_DELAY, RoomHub, RoomHubs
from support.signaling_fakes import FakeBackend, peer_record, unavailable

ANN, BOB = peer_record("ann"), peer_record("bob")


class Listener:
    """Records the changes and their revisions."""

    def __init__(self) -> None:
        self.changes: list[ViewChange] = []
        self.revisions: list[int] = []
        self.hub: RoomHub | None = None
        self.fails = False
        self.missed = 0

    def on_room_event(self, push: Push) -> None:
        raise AssertionError("nobody speaks here")

    def on_changes_missed(self) -> None:
        self.missed += 1

    def on_changes(self, changes: Sequence[ViewChange]) -> None:
        if self.fails:
            raise RuntimeError("a bug")
        self.changes += changes
        assert self.hub is not None
        self.revisions.append(self.hub.view.revision)


async def open_hub(backend: FakeBackend) -> tuple[RoomHubs, RoomHub, Listener]:
    """A hub with Ann in its room, and its listener."""
    backend.peers["ann"] = ANN
    hubs, listener = RoomHubs(backend), Listener()
    hub = await hubs.acquire("room")
    hub.replica.adopt(backend.snapshot())
    hub.enter("ann", listener)
    listener.hub = hub
    return hubs, hub, listener


async def test_users_share_a_hub_until_the_last_one_releases_it() -> None:
    backend = FakeBackend()
    hubs = RoomHubs(backend)
    first, second = await asyncio.gather(hubs.acquire("room"), hubs.acquire("room"))
    assert first is second
    await hubs.release(first)
    assert len(backend.open_feeds()) == 1
    await hubs.release(second)
    assert backend.open_feeds() == []
    assert await hubs.acquire("room") is not first


async def test_a_feed_that_cannot_be_opened_leaves_no_hub() -> None:
    backend = FakeBackend()
    hubs = RoomHubs(backend)
    backend.feed_error = unavailable()
    with pytest.raises(HubbubError):
        await hubs.acquire("room")
    backend.feed_error = None
    await hubs.acquire("room")
    assert len(backend.open_feeds()) == 1


async def test_listeners_get_the_differences_of_changes() -> None:
    backend = FakeBackend()
    _, hub, listener = await open_hub(backend)
    backend.change_peer("bob", BOB)
    backend.change_peer("ann", None, "left")
    assert listener.changes == [PeerAdded(BOB), PeerRemoved(ANN, "left")]
    assert listener.revisions == [11, 12]
    hub.leave("ann", listener)
    backend.change_peer("bob", None, "left")
    assert len(listener.changes) == 2


async def test_a_change_without_a_difference_reaches_no_listener() -> None:
    backend = FakeBackend()
    _, _, listener = await open_hub(backend)
    backend.change_peer("ann", ANN)
    assert listener.revisions == []


async def test_a_hidden_peer_concerns_its_own_listener_alone() -> None:
    backend = FakeBackend()
    _, hub, listener = await open_hub(backend)
    own = Listener()
    own.hub = hub
    hub.enter("eve", own)
    eve = peer_record("eve").model_copy(update={"role": "viewer"})
    backend.change_peer("eve", eve)
    backend.change_peer("eve", None, "left")
    assert (own.changes, listener.changes) == ([PeerAdded(eve), PeerRemoved(eve, "left")], [])
    backend.change_peer("bob", BOB)
    assert (len(own.changes), listener.changes) == (3, [PeerAdded(BOB)])
    hub.leave("eve", own)
    backend.change_peer("eve", eve)
    assert len(own.changes) == 3


async def test_several_gaps_lead_to_one_snapshot_and_its_differences() -> None:
    backend = FakeBackend()
    _, hub, listener = await open_hub(backend)
    del backend.peers["ann"]
    backend.peers["bob"] = BOB
    backend.revision = 20
    backend.answers[GetRoom] = backend.snapshot()
    for _ in range(3):
        backend.open_feeds()[0].on_gap()
    await asyncio.sleep(60)
    assert listener.changes == [PeerRemoved(ANN, "disconnected"), PeerAdded(BOB)]
    assert listener.revisions == [20]
    assert backend.requested_at == [RESYNC_DELAY]
    assert list(hub.view.peers) == ["bob"]


@pytest.mark.parametrize(
    ("announced", "requests"),
    [
        pytest.param([10, 10, 10], 0, id="up to date"),
        pytest.param([11], 0, id="ahead once: the change may be on its way"),
        pytest.param([11, 11], 1, id="ahead twice"),
    ],
)
async def test_a_revision_ahead_of_the_view_leads_to_a_snapshot(announced: list[int], requests: int) -> None:
    backend = FakeBackend()
    hubs, _, _ = await open_hub(backend)
    backend.revision = 11
    backend.answers[GetRoom] = backend.snapshot()
    for revision in announced:
        hubs.announce({"room": revision, "another room": 99})
        await asyncio.sleep(10)
    assert len(backend.registry_requests) == requests


@pytest.mark.parametrize("cause", ["feed", "registry"])
async def test_listeners_get_the_reason_of_a_removed_room(cause: str) -> None:
    backend = FakeBackend()
    _, hub, listener = await open_hub(backend)
    if cause == "feed":
        backend.deliver(SettingsChanged(11, None, "room_closed"))
    else:
        backend.answers[GetRoom] = HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
        backend.open_feeds()[0].on_gap()
        await asyncio.sleep(60)
    assert listener.changes == [RoomRemoved("room_closed" if cause == "feed" else "lost")]
    assert hub.view.room is None


async def test_a_listener_that_fails_keeps_no_change_from_the_others() -> None:
    backend = FakeBackend()
    _, hub, first = await open_hub(backend)
    others = [Listener() for _ in range(3)]
    for each in others:
        each.hub = hub
    for each in others:
        hub.enter("bob", each)
    first.fails = True
    backend.change_peer("bob", BOB)
    assert [each.changes for each in others] == [[PeerAdded(BOB)]] * 3
    assert (first.missed, others[0].missed) == (1, 0)


@pytest.mark.parametrize("opening", ["succeeds", "fails", "fails unexpectedly"])
async def test_a_hub_is_closed_although_its_last_user_is_cancelled_while_it_opens(opening: str) -> None:
    backend, opened = FakeBackend(), asyncio.Event()
    watch_room = backend.watch_room

    async def watch_slowly(*arguments: Any) -> Subscription:
        await opened.wait()
        if opening != "succeeds":
            raise unavailable() if opening == "fails" else RuntimeError("a bug of the client")
        return await watch_room(*arguments)

    backend.watch_room = watch_slowly  # type: ignore[assignment,method-assign]
    hubs = RoomHubs(backend)
    user = asyncio.create_task(hubs.acquire("room"))
    await asyncio.sleep(0)
    for _ in range(3):  # the later cancellations meet the release
        user.cancel()
        await asyncio.sleep(0)
    opened.set()
    await asyncio.wait({user})
    await asyncio.sleep(0.1)
    assert user.cancelled()
    assert backend.open_feeds() == []


async def test_releasing_a_hub_whose_feed_failed_unexpectedly_raises_nothing() -> None:
    backend = FakeBackend()

    async def fail(*_: Any) -> Subscription:
        raise RuntimeError("a bug of the client")

    backend.watch_room = fail  # type: ignore[assignment,method-assign]
    hubs, failures = RoomHubs(backend), failure_count()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await hubs.acquire("room")
    assert failure_count() == failures, "it is reported to the user only"
