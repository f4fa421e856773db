"""What the node that a peer leaves, and the one that it moves to, do with its own objects and tell it. Fake cores."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus import media
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.transport import CloseTransport
from hubbub_media_core import commands, events
from hubbub_media_node.domain.confirmation_tracker import DEFAULT_TIMEOUT
from hubbub_media_node.domain.room_view import Movers
from hubbub_media_node.handlers import peer, transport
from hubbub_media_node.handlers.drain import count_behind, count_movers
from support.moving_peer import ThreeNodes
from support.node_fakes import ROOM
from support.two_nodes import NodeOfTwo


@pytest.fixture
async def nodes() -> ThreeNodes:
    return await ThreeNodes.moving_peer()


async def test_the_former_node_waits_for_the_nodes_that_get_the_producer_from_there(nodes: ThreeNodes) -> None:
    await nodes.move()
    former = nodes.copy(nodes.a, nodes.a)
    await nodes.core_switches(nodes.a, nodes.c)
    await nodes.pass_time()
    assert not nodes.is_gone(nodes.a, former), "Bob's node still gets it"
    await nodes.core_switches(nodes.b)
    await nodes.pass_time()
    assert nodes.is_gone(nodes.a, former)


async def test_the_former_node_waits_three_seconds_at_most(nodes: ThreeNodes) -> None:
    await nodes.move()
    former, ends = nodes.copy(nodes.a, nodes.a), nodes.timeout_of(nodes.a)
    await nodes.a.pass_time(ends - 0.1)
    assert not nodes.is_gone(nodes.a, former)
    await nodes.a.pass_time(ends)
    assert nodes.is_gone(nodes.a, former)
    await nodes.core_switches(nodes.a)
    assert nodes.closures() == [], "the core switches those that wait"


@pytest.mark.parametrize("how", ["closeTransport", "departure"])
async def test_the_transport_of_who_left_stays_until_those_behind_it_have_switched(nodes: ThreeNodes, how: str) -> None:
    await nodes.move()
    entities = nodes.a.context.entities
    if how == "closeTransport":
        request = CloseTransport(room_id=ROOM, peer_id="alice", transport_id="transport")
        await transport.close(nodes.a.context, request)
    else:
        await nodes.a.room_has(nodes.moving(behind=False).model_copy(update={"leaving": None}))
    assert nodes.a.told(commands.CloseTransport, commands.CloseProducer) == []
    described = await peer.describe(nodes.a.context, DescribePeer(room_id=ROOM, peer_id="alice"))
    assert (described.transports, described.producers) == ([], [])
    closed = commands.CloseTransport(transport=entities.transports["transport"].core_id)
    await nodes.core_switches()
    await nodes.pass_time()
    assert closed in nodes.a.told(commands.CloseTransport)
    nodes.a.core_says(events.TransportClosed(closed.transport, "requested"))
    assert nodes.closures() == []


async def test_a_transport_without_a_moved_producer_is_closed_at_once(nodes: ThreeNodes) -> None:
    core_id = nodes.a.context.entities.transports["transport"].core_id
    await transport.close(nodes.a.context, CloseTransport(room_id=ROOM, peer_id="alice", transport_id="transport"))
    assert nodes.a.told(commands.CloseTransport) == [commands.CloseTransport(transport=core_id)]


async def test_who_leaves_the_room_while_moving_is_closed_at_once(nodes: ThreeNodes) -> None:
    await nodes.move()
    for node in nodes.all:
        await node.room_lost("alice")
        nodes.core_closes(node)
    assert nodes.a.told(commands.CloseTransport)
    assert sorted(nodes.closures()) == [("bob", "producer_closed"), ("carol", "producer_closed")]


async def test_a_paused_producer_is_paused_where_it_was_left(nodes: ThreeNodes) -> None:
    await nodes.everywhere(nodes.moving(behind=False, paused=True))
    for node in nodes.all:
        former = nodes.copy(node, nodes.a)
        assert former.paused
        assert commands.PauseProducer(producer=former.core_id) in node.told(commands.PauseProducer)


async def test_the_owner_hears_of_one_copy_only(nodes: ThreeNodes) -> None:
    def told(node: NodeOfTwo) -> list[Any]:
        kinds = (media.ProducerLayersWanted, media.ProducerScoreChanged)
        return [each.event for each in node.publisher.events if isinstance(each.event, kinds)]

    def happens(node: NodeOfTwo, copy: Any, wanted: bool) -> None:
        node.core_says(
            events.LayersWanted(copy.core_id, (wanted, False, False)),
            events.ProducerScore(copy.core_id, (events.EncodingScore(0, 1, None, 4),)),
        )

    happens(nodes.c, nodes.copy(nodes.c, nodes.c), wanted=True)
    assert told(nodes.c) == [], "the room has it on the former node"
    happens(nodes.a, nodes.copy(nodes.a, nodes.a), wanted=True)
    assert len(told(nodes.a)) == 2
    await nodes.move()
    encodings = [True, False, False]
    wanted = media.ProducerLayersWanted(producer_id="producer", encodings=encodings, transport_id="next")
    assert wanted in told(nodes.c), "it hears of the new one when the producer has moved"
    assert len(told(nodes.c)) == 2
    happens(nodes.a, nodes.copy(nodes.a, nodes.a), wanted=False)
    assert len(told(nodes.a)) == 2
    nodes.a.core_says(events.ProducerClosed(nodes.copy(nodes.a, nodes.a).core_id, "internal"))
    assert nodes.closures() == []


async def test_a_producer_that_never_moves_is_closed_and_its_owner_not_told(nodes: ThreeNodes) -> None:
    early = nodes.copy(nodes.c, nodes.c)
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT)
    assert commands.CloseProducer(producer=early.core_id) in nodes.c.told(commands.CloseProducer)
    nodes.c.core_says(events.ProducerClosed(early.core_id, "requested"))
    assert nodes.closures() == []
    assert not nodes.is_gone(nodes.a, nodes.copy(nodes.a, nodes.a))


async def test_a_drain_waits_for_those_who_are_behind(nodes: ThreeNodes) -> None:
    assert (count_movers(nodes.a.context), count_behind(nodes.a.context)) == (Movers(leaving=1), 0)
    await nodes.everywhere(nodes.moving(behind=False).model_copy(update={"leaving": None}))
    assert (count_movers(nodes.a.context), count_behind(nodes.a.context)) == (Movers(), 1)
    await nodes.core_switches()
    await nodes.pass_time()
    assert count_behind(nodes.a.context) == 0
    assert (count_movers(nodes.c.context), count_behind(nodes.c.context)) == (Movers(staying=1), 0)
