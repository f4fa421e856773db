"""Peers leave a media node that drains, before it ends: two replicas agree on who moves, and when a move is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.peer import EndMove
from hubbub_contracts.bus.producer import ReplaceProducer
from hubbub_contracts.bus.room import RoomSnapshot
from support.registry_rig import FakeNode, FakeSignaling, Replicas, replicas

MOVERS = 20
LONG = 60.0
"""Seconds that a test does not last."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas."""
    with replicas(tmp_path_factory.mktemp("registry")) as running:
        yield running


def moving(snapshot: RoomSnapshot) -> int:
    return sum(peer.leaving is not None for peer in snapshot.peers)


async def test_those_who_can_leave_before_the_node_ends(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        movers = [(await signaling.join(room, make_before_break=True))[0] for _ in range(MOVERS)]
        other, _ = await signaling.join(room)
        add = signaling.add_producer_request(room, movers[0])
        for message in (
            add,
            signaling.add_producer_request(room, movers[0]),
            signaling.add_producer_request(room, other),
        ):
            await signaling.request(message)
        async with FakeNode(registry.nats.url) as two, FakeNode(registry.nats.url) as three:
            await signaling.wait_for_nodes(two, three)
            one.drain(LONG)
            snapshot = await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == MOVERS)
            peers = {peer.peer_id: peer for peer in snapshot.peers}
            assert (peers[other].placement, len(peers[other].producers)) == (one.placement, 1), "who cannot stays"
            assert snapshot.room.placement == one.placement
            taken = Counter(peers[each].placement for each in movers)
            assert len(taken) == 1, "the room is on one more node"
            assert taken.keys() <= {two.placement, three.placement}
            first = peers[movers[0]]
            assert [first.placement_of(each) for each in first.producers] == [one.placement] * 2

            assert first.placement is not None
            assert first.claim_id is not None
            replace = ReplaceProducer(
                room_id=room,
                peer_id=first.peer_id,
                producer_id=add.producer_id,
                paused=False,
                placement=first.placement,
            )
            await signaling.request(replace)
            late = EndMove(room_id=room, peer_id=first.peer_id, claim_id="late")
            with pytest.raises(HubbubError) as refused:
                await signaling.request(late)
            assert refused.value.code is ErrorCode.CONFLICT
            await signaling.request(late.model_copy(update={"claim_id": first.claim_id}))
            first = await signaling.peer(room, first.peer_id)
            assert first.leaving is None
            assert [(each.producer_id, each.placement) for each in first.producers] == [(add.producer_id, None)]
            assert moving(await signaling.room(room)) == MOVERS - 1


async def test_a_move_ends_at_its_deadline(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        peer, _ = await signaling.join(room, make_before_break=True)
        await signaling.request(signaling.add_producer_request(room, peer))
        async with FakeNode(registry.nats.url) as two:
            await signaling.wait_for_nodes(two)
            one.drain(5.0)  # of which this process may stand still for some
            await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 1)
            await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 0)
            record = await signaling.peer(room, peer)
            assert (record.placement, record.producers) == (two.placement, [])


async def test_a_move_ends_with_either_node(registry: Replicas, signaling: FakeSignaling) -> None:
    """The death of the former one ends it, that of the new one takes everything."""
    await registry.failure_detection_ready()
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        peer, _ = await signaling.join(room, make_before_break=True)
        await signaling.request(signaling.add_producer_request(room, peer))
        async with FakeNode(registry.nats.url) as two:
            await signaling.wait_for_nodes(two)
            one.drain(LONG)
            await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 1)
            async with FakeNode(registry.nats.url) as three:
                await signaling.wait_for_nodes(three)
                await two.kill()
                await signaling.wait_for_room(room, lambda snapshot: snapshot.peers[0].placement == three.placement)
                record = await signaling.peer(room, peer)
                assert (record.leaving, record.producers) == (None, [])

                async with FakeNode(registry.nats.url) as four:
                    await signaling.wait_for_nodes(four)
                    three.drain(LONG)
                    await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 1)
                    await three.kill()
                    await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 0)
                    assert (await signaling.peer(room, peer)).placement == four.placement


async def test_nobody_moves_first_without_another_node(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as one:
        await signaling.wait_for_nodes(one)
        room = await signaling.create()
        await signaling.join(room, make_before_break=True)
        one.drain(LONG)
        async with FakeNode(registry.nats.url) as two:
            await signaling.wait_for_nodes(two)
            snapshot = await signaling.wait_for_room(room, lambda snapshot: moving(snapshot) == 1)
            assert snapshot.peers[0].placement == two.placement, "one has come"
