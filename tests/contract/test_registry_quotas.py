"""Quotas over two registry replicas: requests that arrive at the same moment share what is left, and no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator

import pytest

from hubbub_bus import Bus
from hubbub_contracts import HubbubError, ids
from hubbub_contracts.bus.moderation import CloseRoom
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.room import CreateRoom
from hubbub_contracts.room_options import RoomOptions
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas that allow little."""
    limits = {"max_rooms_per_tenant": 3, "max_peers_per_tenant": 4, "max_producers_per_room": 5}
    with replicas(tmp_path_factory.mktemp("registry"), **limits) as running:
        yield running


@pytest.fixture
async def signaling(registry: Replicas) -> AsyncIterator[FakeSignaling]:
    """A fake signaling instance, with a media node."""
    bus = await Bus.connect(registry.nats.url, name="test", timeout=20)
    async with FakeNode(registry.nats.url):
        connected = await FakeSignaling(bus).start()
        yield connected
        await connected.stop()
    await bus.close()


async def outcomes(attempts: Iterable[Awaitable[object]]) -> Counter[str | None]:
    """How many of the concurrent requests succeeded (None), and which limit refused the others."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    counts: Counter[str | None] = Counter()
    for result in results:
        if isinstance(result, HubbubError):
            counts[result.limit] += 1
        elif isinstance(result, BaseException):
            raise result
        else:
            counts[None] += 1
    return counts


async def rooms_of(signaling: FakeSignaling, tenant: str, count: int) -> list[str]:
    """Creates rooms of the tenant."""
    created = [await signaling.request(CreateRoom(call_id=ids.mint(), tenant=tenant)) for _ in range(count)]
    return [each.room_id for each in created]


async def test_rooms_of_a_tenant(signaling: FakeSignaling) -> None:
    for tenant in ("acme", "globex"):
        counts = await outcomes(signaling.request(CreateRoom(call_id=ids.mint(), tenant=tenant)) for _ in range(12))
        assert counts == {None: 3, "roomsOfTenant": 9}


async def test_room_that_ends_makes_place(signaling: FakeSignaling) -> None:
    first, *_ = await rooms_of(signaling, "initech", 3)
    assert await outcomes([signaling.request(CreateRoom(call_id="one more", tenant="initech"))]) == {"roomsOfTenant": 1}
    await signaling.request(CloseRoom(room_id=first))
    assert await outcomes([signaling.request(CreateRoom(call_id="one more", tenant="initech"))]) == {None: 1}


async def test_participants_of_a_tenant_over_its_rooms(signaling: FakeSignaling) -> None:
    rooms = await rooms_of(signaling, "umbrella", 2)
    counts = await outcomes(signaling.request(signaling.join_request(rooms[n % 2])) for n in range(12))
    assert counts == {None: 4, "peersOfTenant": 8}
    others = await rooms_of(signaling, "hooli", 1)
    assert await outcomes([signaling.request(signaling.join_request(others[0]))]) == {None: 1}


async def test_participants_of_a_room_with_an_option(signaling: FakeSignaling) -> None:
    options = RoomOptions(max_peers=2)
    room = await signaling.request(CreateRoom(call_id=ids.mint(), tenant="stark", options=options))
    counts = await outcomes(signaling.request(signaling.join_request(room.room_id)) for _ in range(8))
    assert counts == {None: 2, "peersOfRoom": 6}


async def test_producers_of_a_room(signaling: FakeSignaling) -> None:
    [room] = await rooms_of(signaling, "wayne", 1)
    peers = [(await signaling.join(room))[0] for _ in range(2)]

    def add(number: int) -> Awaitable[object]:
        message = AddProducer(
            room_id=room, peer_id=peers[number % 2], producer_id=ids.mint(), kind="audio", app_data={}, paused=False
        )
        return signaling.request(message)

    assert await outcomes(add(n) for n in range(4)) == {None: 4}
    counts = await outcomes(add(n) for n in range(6))
    assert counts[None] <= 1
    assert counts["producersOfRoom"] >= 5
    snapshot = await signaling.room(room)
    assert sum(len(peer.producers) for peer in snapshot.peers) == 4 + counts[None]
