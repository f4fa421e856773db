"""Replicas and the NATS server fail: no acknowledged change is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ids
from support.registry_rig import FakeNode, FakeSignaling, Replicas, independent_node, replicas

NOTICED = 2.5
"""Seconds; less than the 3 after which a view notices a dead watch."""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[tuple[Replicas, FakeSignaling, FakeNode]]:
    """Replicas for one test, which may break them."""
    with replicas(tmp_path) as running:
        bus = await Bus.connect(running.nats.url, name="test", timeout=20)
        signaling = await FakeSignaling(bus).start()
        async with independent_node(running.nats.url) as node:
            yield running, signaling, node
        await bus.close()


async def test_killed_replica_loses_no_acknowledged_join(rig: tuple[Replicas, FakeSignaling, FakeNode]) -> None:
    running, signaling, _ = rig
    rooms = [await signaling.create() for _ in range(4)]
    acknowledged: dict[str, str] = {}

    async def join(number: int) -> None:
        await asyncio.sleep(number * 0.02)
        message = signaling.join_request(rooms[number % 4])
        await signaling.request(message, timeout=0.5, within=30)
        acknowledged[message.peer_id] = message.room_id

    joins = [asyncio.create_task(join(number)) for number in range(200)]
    for process in running.processes:
        await asyncio.sleep(0.6)
        process.kill()
        await asyncio.sleep(0.2)
        await running.restart(process)
    await asyncio.gather(*joins)
    inside = {peer.peer_id: room for room in rooms for peer in (await signaling.room(room)).peers}
    assert inside == acknowledged
    assert len(acknowledged) == 200


async def test_rooms_are_unchanged_and_no_node_is_declared_dead_after_the_server_restarts(
    rig: tuple[Replicas, FakeSignaling, FakeNode],
) -> None:
    running, signaling, node = rig
    room = await signaling.create()
    await signaling.join(room)
    before = await signaling.room(room)
    await running.failure_detection_ready()
    running.nats.kill()
    await asyncio.sleep(1)
    running.nats.start()
    async with asyncio.timeout(20):
        while not signaling.bus.connected:
            await asyncio.sleep(0.05)
    await asyncio.sleep(7)  # longer than the grace period after a reconnect
    after = await signaling.room(room)
    assert (after.room, after.peers) == (before.room, before.peers)
    assert after.room.placement == node.placement
    _, joined = await signaling.join(room)
    assert len(joined.peers) == 2


async def test_deleted_bucket_is_created_again(rig: tuple[Replicas, FakeSignaling, FakeNode]) -> None:
    _, signaling, _ = rig
    room = await signaling.create()
    _, before = await signaling.join(room)
    await signaling.bus.connection.client.jetstream().delete_stream("KV_rooms")
    await signaling.wait_until_deleted(room)
    _, after = await signaling.join(await signaling.create())
    assert after.revision > before.revision


async def test_stored_write_is_acknowledged_while_the_views_are_not_updated(
    rig: tuple[Replicas, FakeSignaling, FakeNode],
) -> None:
    _, signaling, _ = rig
    room = await signaling.create()
    peer_id, _ = await signaling.join(room)
    jetstream = signaling.bus.connection.client.jetstream()
    took: list[float] = []
    added = 0
    while len(took) < 3 and min(took, default=NOTICED) >= NOTICED:  # a busy machine may be slow once
        for consumer in await jetstream.consumers_info("KV_rooms"):
            await jetstream.delete_consumer("KV_rooms", consumer.name)
        began = time.monotonic()
        request = signaling.add_producer_request(room, peer_id)
        added = (await signaling.request(request, timeout=10, within=0)).revision
        took.append(time.monotonic() - began)
    assert min(took) < NOTICED, "it waits for the view"
    join = signaling.join_request(room)
    joined = await signaling.request(join, timeout=10, within=0)
    assert {peer.peer_id for peer in joined.peers} == {peer_id, join.peer_id}
    assert joined.revision > added
    snapshot = await signaling.room(room)
    assert [len(peer.producers) for peer in snapshot.peers] == [len(took), 0]


async def test_stopped_replica_exits_cleanly_and_the_other_serves(
    rig: tuple[Replicas, FakeSignaling, FakeNode],
) -> None:
    running, signaling, _ = rig
    room = await signaling.create()
    joins = [asyncio.create_task(signaling.join(room)) for _ in range(50)]
    status = await asyncio.to_thread(running.processes[0].stop)
    assert status == 0
    await asyncio.gather(*joins)
    assert len((await signaling.room(room)).peers) == 50
    assert ids.call_id(room)
