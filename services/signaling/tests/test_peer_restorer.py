"""Peers are restored when the registry announces another store, until every request has an answer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.peer import RestorePeer
from hubbub_signaling.domain.known_store import KnownStore
from hubbub_signaling.domain.ports import Backend
from hubbub_signaling.domain.room_view import RoomView
from hubbub_signaling.handlers.membership import RoomMembership
from hubbub_signaling.handlers.peer_restorer import CONCURRENT_ROOMS, PeerRestorer
from support.signaling_fakes import FakeBackend, peer_record


class Registry:
    """Answers with the errors in `failures`, then with success."""

    def __init__(self, *failures: HubbubError) -> None:
        self.failures = list(failures)
        self.requests: list[RestorePeer] = []

    async def registry(self, message: RestorePeer) -> None:
        self.requests.append(message)
        if self.failures:
            raise self.failures.pop(0)


class Served:
    """The membership of one peer."""

    peer_id = "ann"

    def __init__(self) -> None:
        backend = FakeBackend()
        backend.peers["ann"] = peer_record("ann")
        self.view = RoomView()
        self.view.adopt(cast("Any", _State(backend)))
        self.hub = self


class _State:
    def __init__(self, backend: FakeBackend) -> None:
        snapshot = backend.snapshot()
        self.room, self.revision = snapshot.room, snapshot.revision
        self.peers = {peer.peer_id: peer for peer in snapshot.peers}


def restorer(registry: Registry) -> PeerRestorer:
    return PeerRestorer(cast("Backend", registry), KnownStore(), lambda: [cast("RoomMembership", Served())])


async def announce(under_test: PeerRestorer, *stores: str | None) -> None:
    for store in stores:
        under_test.announce(store, 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_the_first_store_and_an_unchanged_one_restore_nothing() -> None:
    registry = Registry()
    await announce(restorer(registry), None, "a", "a", None)
    assert registry.requests == []


async def test_another_store_restores_each_peer_once() -> None:
    registry = Registry()
    await announce(restorer(registry), "a", "b", "b")
    (request,) = registry.requests
    assert (request.store, request.peer, request.room.room_id) == ("b", peer_record("ann"), request.peer.room_id)


async def test_a_failed_restoration_is_repeated_at_the_next_announcement() -> None:
    registry = Registry(HubbubError(ErrorCode.UNAVAILABLE, "not yet", retryable=True))
    await announce(restorer(registry), "a", "b", "b", "b")
    assert len(registry.requests) == 2


async def test_a_refused_restoration_is_not_repeated() -> None:
    registry = Registry(HubbubError(ErrorCode.NOT_FOUND, "the peer has left"))
    await announce(restorer(registry), "a", "b", "b")
    assert len(registry.requests) == 1


async def test_rooms_are_restored_concurrently_but_not_all_at_once() -> None:
    class SlowRegistry(Registry):
        running = most = 0

        async def registry(self, message: RestorePeer) -> None:
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0.01)
            self.running -= 1
            await super().registry(message)

    registry, known = SlowRegistry(), KnownStore("a")
    served = [cast("RoomMembership", Served()) for _ in range(3 * CONCURRENT_ROOMS)]
    under_test = PeerRestorer(cast("Backend", registry), known, lambda: served)
    under_test.announce("b", 1)
    async with asyncio.timeout(10):
        while known.identity != "b":
            await asyncio.sleep(0.01)
    assert (len(registry.requests), registry.most) == (len(served), CONCURRENT_ROOMS)
