"""Media nodes start, die, hang, restart and stop: their rooms always move to a live node."""

import asyncio
import time

import pytest

from hubbub_bus import RoomChange, RoomFeed
from hubbub_contracts import ErrorCode, HubbubError
from support.registry_rig import FakeNode, FakeSignaling, Replicas

FENCED_WITHIN = 16.0
"""Seconds after its death, of which a busy machine may take some."""


async def occupied(signaling: FakeSignaling, peers: int = 3) -> tuple[str, list[str]]:
    """A room with peers and one producer each."""
    room = await signaling.create()
    inside = [(await signaling.join(room))[0] for _ in range(peers)]
    for peer in inside:
        await signaling.request(signaling.add_producer_request(room, peer))
    return room, inside


async def test_join_without_a_node_is_retryable_unavailable(signaling: FakeSignaling) -> None:
    await signaling.wait_for_no_node()
    room = await signaling.create()
    with pytest.raises(HubbubError) as caught:
        await signaling.request(signaling.join_request(room), timeout=10, within=0)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.UNAVAILABLE, True)


async def test_a_replica_that_starts_serves_once_it_knows_the_nodes(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    await signaling.wait_for_nodes(node)
    room = await signaling.create()
    for process in registry.processes:
        process.kill()
    await registry.restart(registry.processes[0])
    await signaling.request(signaling.join_request(room), timeout=10, within=0)
    for process in registry.processes[1:]:
        await registry.restart(process)


async def test_dead_node_is_fenced_and_its_peers_move_without_producers(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    room, peers = await occupied(signaling)
    await registry.failure_detection_ready()
    changes: list[RoomChange] = []
    feed = await RoomFeed.open(signaling.bus, room, changes.append, lambda: None)
    async with FakeNode(registry.nats.url) as spare:
        await signaling.wait_for_nodes(spare)
        killed = time.monotonic()
        await node.kill()
        moved = await signaling.wait_for_room(
            room, lambda snapshot: all(peer.placement == spare.placement for peer in snapshot.peers)
        )
        assert time.monotonic() - killed < FENCED_WITHIN
        assert moved.room.placement == spare.placement
        assert [peer.peer_id for peer in moved.peers] == peers
        assert [peer.producers for peer in moved.peers] == [[], [], []]
        async with asyncio.timeout(20):
            while {change.id for change in changes} != {"room", *peers}:  # the room's feed has the changes
                await asyncio.sleep(0.02)
        assert len(changes) == 4, "only the first replica writes each change"
    await feed.stop()


async def test_hanging_node_is_fenced_and_notices_after_it_resumes(
    registry: Replicas, signaling: FakeSignaling, node: FakeNode
) -> None:
    room, _ = await occupied(signaling)
    await registry.failure_detection_ready()
    async with FakeNode(registry.nats.url) as spare:
        await signaling.wait_for_nodes(spare)
        await node.hang()
        await signaling.wait_for_room(room, lambda snapshot: snapshot.room.placement == spare.placement)
        node.resume()
        async with asyncio.timeout(30):
            while node.lost != ["fenced"]:
                await asyncio.sleep(0.02)
        assert (await signaling.room(room)).room.placement == spare.placement


async def test_rooms_of_a_stopped_node_move_at_once(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as leaving:
        room, _ = await occupied(signaling)
        async with FakeNode(registry.nats.url) as spare:
            await signaling.wait_for_nodes(spare)
            await leaving.lease.release()
            await signaling.wait_for_room(room, lambda snapshot: snapshot.peers[0].placement == spare.placement)


async def test_restarted_node_gets_its_rooms_under_a_new_epoch(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url, "restarting") as old:
        room, _ = await occupied(signaling)
        async with FakeNode(registry.nats.url, "restarting") as new:
            assert new.placement.epoch > old.placement.epoch
            moved = await signaling.wait_for_room(room, lambda snapshot: snapshot.peers[0].placement == new.placement)
            assert moved.peers[0].producers == []


async def test_rooms_without_a_node_are_placed_when_one_starts(registry: Replicas, signaling: FakeSignaling) -> None:
    async with FakeNode(registry.nats.url) as leaving:
        room, _ = await occupied(signaling)
        await leaving.lease.release()
        await signaling.wait_for_room(
            room,
            lambda snapshot: snapshot.room.placement is None and all(peer.placement is None for peer in snapshot.peers),
        )
    async with FakeNode(registry.nats.url) as late:
        await signaling.wait_for_room(
            room, lambda snapshot: all(peer.placement == late.placement for peer in snapshot.peers)
        )


async def test_rooms_spread_over_nodes_that_do_not_drain_regardless_of_their_clocks(
    registry: Replicas, signaling: FakeSignaling
) -> None:
    async with (
        FakeNode(registry.nats.url) as one,
        FakeNode(registry.nats.url) as two,
        FakeNode(registry.nats.url) as draining,
    ):
        draining.draining = True
        two.clock_error_ms = -5_000
        await signaling.wait_for_nodes(one, two)
        await signaling.wait_draining(draining)
        await asyncio.sleep(3)
        placements = []
        for _ in range(10):
            _, snapshot = await signaling.join(await signaling.create())
            placements.append(snapshot.room.placement)
        assert set(placements) == {one.placement, two.placement}
        assert 3 <= placements.count(one.placement) <= 7
