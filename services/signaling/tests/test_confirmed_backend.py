"""The registry confirms its store before the first request after each loss of the connection."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_bus import NoResponders
from hubbub_contracts import HubbubError, Model
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.bus.store import ConfirmStore, StorePosition
from hubbub_room import FeedChange, PeerChanged
from hubbub_signaling.domain.known_store import KnownStore
from hubbub_signaling.handlers.confirmed_backend import ConfirmedBackend
from support.signaling_fakes import FakeBackend, unavailable

REQUEST = GetRoom(room_id="room")


@pytest.fixture
def inner() -> FakeBackend:
    backend = FakeBackend()
    backend.answers[ConfirmStore] = StorePosition(store="first", sequence=5)
    backend.answers[GetRoom] = backend.snapshot()
    return backend


@pytest.fixture
def known() -> KnownStore:
    return KnownStore()


@pytest.fixture
def backend(inner: FakeBackend, known: KnownStore) -> ConfirmedBackend:
    return ConfirmedBackend(inner, known)


def confirmations(inner: FakeBackend) -> list[tuple[str | None, int]]:
    return [(one.store, one.sequence) for one in inner.registry_requests if isinstance(one, ConfirmStore)]


async def test_concurrent_requests_share_one_confirmation(
    backend: ConfirmedBackend, inner: FakeBackend, known: KnownStore
) -> None:
    await asyncio.gather(*(backend.registry(REQUEST) for _ in range(3)))
    await backend.registry(REQUEST)
    assert confirmations(inner) == [(None, 0)]
    assert known.identity == "first"


async def test_after_a_lost_connection_the_registry_gets_the_position_that_was_seen(
    backend: ConfirmedBackend, inner: FakeBackend
) -> None:
    seen: list[FeedChange] = []
    await backend.watch_room("room", seen.append, lambda: None)
    await backend.registry(REQUEST)
    inner.deliver(PeerChanged(12, "ann", None, "left"))
    inner.deliver(PeerChanged(11, "ben", None, "left"))
    backend.connection_lost()
    await backend.registry(REQUEST)
    assert confirmations(inner) == [(None, 0), ("first", 12)]
    assert len(seen) == 2


async def test_a_request_is_not_sent_to_a_registry_that_lost_its_store(
    backend: ConfirmedBackend, inner: FakeBackend
) -> None:
    inner.answers[ConfirmStore] = [unavailable(), StorePosition(store="second", sequence=1)]
    with pytest.raises(HubbubError):
        await backend.registry(REQUEST)
    assert REQUEST not in inner.registry_requests
    await backend.registry(REQUEST)
    assert REQUEST in inner.registry_requests


async def test_a_confirmation_from_before_a_lost_connection_does_not_count(
    backend: ConfirmedBackend, inner: FakeBackend
) -> None:
    answer = asyncio.Event()

    async def answer_later(_: ConfirmStore) -> StorePosition:
        await answer.wait()
        return StorePosition(store="first", sequence=5)

    inner.answers[ConfirmStore] = answer_later
    request = asyncio.create_task(backend.registry(REQUEST))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    backend.connection_lost()
    answer.set()
    await request
    assert len(confirmations(inner)) == 2


async def test_an_older_registry_is_asked_without_a_confirmation_as_long_as_no_store_is_known(
    backend: ConfirmedBackend, inner: FakeBackend, known: KnownStore
) -> None:
    inner.answers[ConfirmStore] = NoResponders("store.confirm")
    await backend.registry(REQUEST)
    assert REQUEST in inner.registry_requests
    known.adopt("first")
    backend.connection_lost()
    with pytest.raises(HubbubError):
        await backend.registry(REQUEST)


async def test_a_registry_that_starts_later_is_asked_for_its_store_with_the_next_request(
    backend: ConfirmedBackend, inner: FakeBackend, known: KnownStore
) -> None:
    inner.answers[ConfirmStore] = [NoResponders("store.confirm"), StorePosition(store="first", sequence=5)]
    await backend.registry(REQUEST)
    assert known.identity is None
    await backend.registry(REQUEST)
    assert known.identity == "first", "a store that is lost now would not be noticed"


async def test_a_confirmation_that_fails_unexpectedly_is_tried_again(
    backend: ConfirmedBackend, inner: FakeBackend
) -> None:
    async def fail(_: ConfirmStore) -> Model:
        raise RuntimeError("a bug of the client")

    inner.answers[ConfirmStore] = [fail, StorePosition(store="first", sequence=5)]
    with pytest.raises(RuntimeError):
        await backend.registry(REQUEST)
    await backend.registry(REQUEST)
    assert len(confirmations(inner)) == 2


async def test_a_request_that_is_cancelled_does_not_cancel_the_confirmation_of_others(
    backend: ConfirmedBackend, inner: FakeBackend
) -> None:
    answered = asyncio.Event()

    async def confirm(_: ConfirmStore) -> Model:
        await answered.wait()
        return StorePosition(store="first", sequence=5)

    inner.answers[ConfirmStore] = confirm
    cancelled, other = (asyncio.create_task(backend.registry(REQUEST)) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    answered.set()
    await other
    assert len(confirmations(inner)) == 1
