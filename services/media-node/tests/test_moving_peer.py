"""A peer moves from one node to another, with real nodes and media: whoever receives its track goes on receiving it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hubbub_bus import Bus
from hubbub_contracts.bus import media
from hubbub_contracts.bus.transport import CloseTransport
from support.node_rig import Rooms, RunningNode, until
from support.track_scene import Scene

MakeNode = Callable[..., Awaitable[RunningNode]]


@pytest.fixture(params=["video", "audio"])
async def scene(bus: Bus, rooms: Rooms, make_node: MakeNode, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    nodes = [await make_node(node_id=f"node-{number}", room_peers_per_worker=1) for number in range(3)]
    scene = Scene(bus, rooms, nodes, request.param)
    try:
        await scene.start()
        yield scene
    finally:
        await scene.close()


async def test_everybody_goes_on_receiving_and_nobody_is_told(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.everybody_receives()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await former.until_gone(producer_id=scene.producer_id)
    await former.source.stop()
    await scene.everybody_receives()
    await scene.rooms.put(scene.record(scene.placements[1], home=1))
    await scene.everybody_receives()
    assert scene.told() == []


async def test_the_former_transport_is_closed_when_everybody_has_switched(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    close = CloseTransport(room_id=scene.room_id, peer_id=former.peer.peer_id, transport_id=former.up.id)
    await former.peer.request(close)
    assert await former.has(transport_id=former.up.id)
    await former.until_gone(transport_id=former.up.id)
    await former.source.stop()
    await scene.everybody_receives()
    assert scene.told() == []


async def test_the_former_node_may_die_once_the_producer_has_moved(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await former.source.stop()
    await scene.nodes[0].lifecycle.close()
    await scene.everybody_receives(0)
    await scene.rooms.put(scene.record(scene.placements[1], home=1))
    await scene.everybody_receives(0)
    assert [
        event for each in scene.receivers if each.peer.placement.node_id != "node-0" for event in each.peer.events
    ] == []


async def test_the_death_of_the_new_node_ends_the_producer_once(scene: Scene) -> None:
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await scene.nodes[1].lifecycle.close()
    await scene.rooms.put(scene.record(home=2))
    left = [each for each in scene.receivers if each.peer.placement.node_id != "node-1"]
    await until(lambda: all(each.peer.events for each in left))
    for each in left:
        assert each.peer.events == [
            media.ConsumerClosed(consumer_id=each.consumer_id, producer_id=scene.producer_id, reason="producer_closed")
        ]


async def test_two_moves_in_a_row(scene: Scene) -> None:
    [first] = scene.senders
    second = await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    third = await scene.begin_to_move(2, leaves=1)
    await scene.rooms.put(scene.record(scene.placements[2], home=2, leaves=1))
    for former in (first, second):
        await former.until_gone(producer_id=scene.producer_id)
        await former.source.stop()
    await scene.everybody_receives()
    assert await third.has(producer_id=scene.producer_id)
    assert scene.told() == []


@pytest.mark.parametrize("scene", ["video"], indirect=True)
async def test_the_next_move_begins_when_some_consumers_have_switched_and_others_wait(scene: Scene) -> None:
    [first] = scene.senders
    paused = [await scene.consume_paused(each.peer, each.down) for each in scene.receivers]
    second = await scene.begin_to_move()
    await second.source.stop()
    asked = asyncio.Event()
    second.up.on_key_frame_request = lambda _ssrc: asked.set()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await asyncio.wait_for(asked.wait(), 20)  # a core has moved the paused one and keeps the other
    await scene.begin_to_move(2, leaves=1)
    await scene.rooms.put(scene.record(scene.placements[2], home=2, leaves=1))
    for former in (first, second):
        await former.until_gone(producer_id=scene.producer_id)
    await first.source.stop()
    await scene.everybody_receives()
    for each in paused:
        await each.resume()
        await each.receives()
    assert scene.told() == []
