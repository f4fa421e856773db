"""A peer's standby hosts it when its media node dies: two replicas agree on where it is, and on what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.peer import ChooseStandby, EndStandby
from hubbub_contracts.bus.producer import AddStandbyProducer, RemoveProducers
from hubbub_contracts.bus.records import Placement, Standby
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas

PEERS = 20
LONG = 60.0
"""Seconds that a test does not last."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas."""
    with replicas(tmp_path_factory.mktemp("registry")) as running:
        yield running


async def choose(signaling: FakeSignaling, room: str, peer: str) -> Placement:
    return (await signaling.request(ChooseStandby(room_id=room, peer_id=peer))).placement


async def produce(signaling: FakeSignaling, room: str, peer: str) -> str:
    message = signaling.add_producer_request(room, peer)
    await signaling.request(message)
    return message.producer_id


async def add_copy(signaling: FakeSignaling, room: str, peer: str, producer: str, placement: Placement) -> None:
    message = AddStandbyProducer(room_id=room, peer_id=peer, producer_id=producer, placement=placement)
    await signaling.request(message)


async def test_a_standby_is_chosen_gets_copies_and_ends(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one, FakeNode(registry.nats.url) as two:
        await signaling.wait_for_nodes(one, two)
        room = await signaling.create()
        peer, snapshot = await signaling.join(room)
        [other] = {one.placement, two.placement} - {snapshot.peers[0].placement}
        answers = await asyncio.gather(
            *(signaling.request(ChooseStandby(room_id=room, peer_id=peer)) for _ in range(10))
        )
        assert {each.placement for each in answers} == {other}
        assert len({each.revision for each in answers}) == 1, "one write, whichever replica answers"
        first, second = [await produce(signaling, room, peer) for _ in range(2)]
        for each in (second, first, second):
            await add_copy(signaling, room, peer, each, other)
        await signaling.request(RemoveProducers(room_id=room, peer_id=peer, producer_ids=[second]))
        assert (await signaling.peer(room, peer)).standby == Standby(placement=other, producers=[first])
        with pytest.raises(HubbubError) as refused:
            await add_copy(signaling, room, peer, second, other)
        assert refused.value.code is ErrorCode.NOT_FOUND

        end = EndStandby(room_id=room, peer_id=peer, placement=other)
        for _ in range(2):
            await signaling.request(end)
        with pytest.raises(HubbubError) as refused:
            await add_copy(signaling, room, peer, first, other)
        assert refused.value.code is ErrorCode.INVALID_STATE
        record = await signaling.peer(room, peer)
        assert (record.standby, [each.producer_id for each in record.producers]) == (None, [first])


async def test_a_node_dies_and_its_peers_are_on_their_standbys(registry: Replicas, signaling: FakeSignaling) -> None:
    await registry.failure_detection_ready()
    async with AsyncExitStack() as nodes:
        one = await nodes.enter_async_context(FakeNode(registry.nats.url))
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        peers = [(await signaling.join(room))[0] for _ in range(PEERS)]
        two = await nodes.enter_async_context(FakeNode(registry.nats.url))
        await signaling.wait_for_nodes(two)
        producers = {each: [await produce(signaling, room, each) for _ in range(2)] for each in peers}
        prepared = peers[: PEERS // 2]
        for each in prepared:
            assert await choose(signaling, room, each) == two.placement
            await add_copy(signaling, room, each, producers[each][1], two.placement)
        await one.kill()
        snapshot = await signaling.wait_for_room(
            room, lambda snapshot: all(each.placement == two.placement for each in snapshot.peers), within=15.0
        )
        assert snapshot.room.placement == two.placement
        for record in snapshot.peers:
            kept = producers[record.peer_id][1:] if record.peer_id in prepared else []
            assert [each.producer_id for each in record.producers] == kept
            assert record.standby is None


async def test_a_standby_ends_with_its_node(registry: Replicas, signaling: FakeSignaling) -> None:
    """Whether that dies or drains; the peer stays where it is."""
    await registry.failure_detection_ready()
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        peer, _ = await signaling.join(room)
        producer = await produce(signaling, room, peer)
        for drains in (False, True):
            async with FakeNode(registry.nats.url) as two:
                await signaling.wait_for_nodes(two)
                assert await choose(signaling, room, peer) == two.placement
                await add_copy(signaling, room, peer, producer, two.placement)
                if drains:
                    two.drain(LONG)
                else:
                    await two.kill()
                await signaling.wait_for_room(room, lambda snapshot: snapshot.peers[0].standby is None, within=15.0)
                record = await signaling.peer(room, peer)
                assert (record.placement, len(record.producers)) == (one.placement, 1)


async def test_a_node_is_chosen_a_few_times_a_second(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        peers = [(await signaling.join(room))[0] for _ in range(PEERS)]
        async with FakeNode(registry.nats.url) as two:
            await signaling.wait_for_nodes(two)

            async def chosen(peer: str) -> bool:
                try:
                    await signaling.request(ChooseStandby(room_id=room, peer_id=peer), within=0.0)
                except HubbubError as error:
                    assert (error.code, error.retryable) == (ErrorCode.UNAVAILABLE, True)  # noqa: PT017
                    return False
                return True

            at_once = sum(await asyncio.gather(*map(chosen, peers)))
            assert 5 <= at_once < PEERS
            for each in peers:
                assert await choose(signaling, room, each) == two.placement, "in its turn"


async def test_an_operator_can_switch_standbys_off(tmp_path: Path) -> None:
    async with AsyncExitStack() as exits:
        registry = exits.enter_context(replicas(tmp_path, 1, standby=False))
        bus = await Bus.connect(registry.nats.url, name="test", timeout=5)
        exits.push_async_callback(bus.close)
        nodes = [await exits.enter_async_context(FakeNode(registry.nats.url)) for _ in range(2)]
        signaling = FakeSignaling(bus)
        await signaling.wait_for_nodes(*nodes)
        room = await signaling.create()
        peer, _ = await signaling.join(room)
        with pytest.raises(HubbubError) as refused:
            await choose(signaling, room, peer)
        assert (refused.value.code, refused.value.retryable) == (ErrorCode.UNAVAILABLE, False)
