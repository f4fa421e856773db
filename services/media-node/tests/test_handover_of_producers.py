"""A peer moves from node a to node c, with fake cores: consumers on all nodes switch, and nobody is told."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus import media
from hubbub_contracts.bus.pipe import WantPipes
from hubbub_media_core import commands, events
from hubbub_room import PeerChanged
from support.moving_peer import Replaced, ThreeNodes
from support.node_fakes import ROOM
from support.two_nodes import AUDIO


@pytest.fixture
async def nodes() -> ThreeNodes:
    return await ThreeNodes.moving_peer()


async def test_before_the_producer_has_moved_everybody_gets_the_former_one(nodes: ThreeNodes) -> None:
    for node in nodes.all:
        assert nodes.asked(node) == []
        (consuming,) = node.context.entities.consumers.values()
        assert consuming.source == nodes.copy(node, nodes.a).core_id
        await node.pass_time(0, 5)
        assert node.told(commands.CloseProducer, commands.CloseTransport) == []
    late = await nodes.consumes(nodes.c, "carol", "carols", "late")
    assert late.source == nodes.copy(nodes.c, nodes.a).core_id


async def test_each_node_replaces_the_copy_that_it_has_by_the_new_one(nodes: ThreeNodes) -> None:
    await nodes.move()
    for node in nodes.all:
        former, successor = nodes.copy(node, nodes.a), nodes.copy(node, nodes.c)
        assert nodes.asked(node) == [Replaced(former, successor)]
        assert not nodes.is_gone(node, former)
        for consuming in node.context.entities.consumers.values():
            assert consuming.source == former.core_id
    assert nodes.closures() == []


async def test_what_is_left_of_the_former_one_is_closed_and_nobody_is_told(nodes: ThreeNodes) -> None:
    await nodes.move()
    formers = [(node, nodes.copy(node, nodes.a)) for node in nodes.all]
    await nodes.core_switches()
    for node in nodes.all:
        successor = nodes.copy(node, nodes.c)
        for consuming in node.context.entities.consumers.values():
            assert consuming.source == successor.core_id
    await nodes.pass_time()
    for node, former in formers:
        assert nodes.is_gone(node, former)
        assert not nodes.is_gone(node, nodes.copy(node, nodes.c))
    assert nodes.closures() == []


async def test_a_successor_that_cannot_be_had_at_first_is_tried_again(nodes: ThreeNodes) -> None:
    nodes.cut_off = {"c"}
    await nodes.move()
    assert nodes.asked(nodes.b) == []
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.b.pass_time(nodes.timeout_of(nodes.b) + 60)
    assert nodes.asked(nodes.b) == []
    assert not nodes.is_gone(nodes.b, former), "it is better than nothing"
    nodes.cut_off = set()
    await nodes.b.pass_time(nodes.timeout_of(nodes.b) + 120)
    assert nodes.asked(nodes.b) == [Replaced(former, nodes.copy(nodes.b, nodes.c))]
    assert nodes.closures() == []


async def test_a_successor_is_not_tried_without_a_pause(nodes: ThreeNodes) -> None:
    nodes.cut_off = {"c"}
    await nodes.move()
    handover = nodes.copy(nodes.b, nodes.a).handover
    assert handover is not None
    first = handover.due
    await nodes.b.pass_time(first - 0.05)
    assert (handover.due, handover.attempts) == (first, 1)
    await nodes.b.pass_time(first)
    assert handover.due > first
    assert handover.attempts == 2


async def test_a_refusal_of_the_core_is_tried_again(nodes: ThreeNodes) -> None:
    nodes.b.core.errors = {commands.ReplaceProducer: "busy"}
    await nodes.move()
    nodes.b.core.errors = {}
    await nodes.b.pass_time(nodes.timeout_of(nodes.b) - 0.1)
    assert len(nodes.b.told(commands.ReplaceProducer)) == 2
    assert nodes.closures() == []


async def test_a_former_node_that_closes_the_producer_first_ends_nothing(nodes: ThreeNodes) -> None:
    nodes.cut_off = {"c"}
    await nodes.move()
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.a.pass_time(nodes.timeout_of(nodes.a))
    nodes.core_closes(nodes.a)
    nodes.b.core_says(events.LayersWanted(former.core_id, (True, True, False)))
    await nodes.finish_tasks()
    assert former.handover is not None
    assert former.handover.ended
    assert not nodes.is_gone(nodes.b, former)
    nodes.cut_off = set()
    await nodes.b.pass_time(former.handover.due)
    assert nodes.asked(nodes.b) == [Replaced(former, nodes.copy(nodes.b, nodes.c))]
    await nodes.b.pass_time(former.handover.since)
    assert nodes.is_gone(nodes.b, former), "its consumers need not wait any more"


async def test_a_former_node_that_dies_after_the_move_ends_nothing(nodes: ThreeNodes) -> None:
    nodes.cut_off = {"a"}
    for node in (nodes.b, nodes.c):
        await node.room_has(nodes.moving(behind=False))
        former = nodes.copy(node, nodes.a)
        await node.room_has(nodes.moving(behind=False).model_copy(update={"leaving": None}))
        await nodes.core_switches(node)
        assert nodes.is_gone(node, former)
    assert nodes.closures() == []


async def test_a_former_node_that_dies_before_ends_the_producer(nodes: ThreeNodes) -> None:
    nodes.cut_off = {"a"}
    for node in (nodes.b, nodes.c):
        await node.room_has(nodes.moving(behind=False).model_copy(update={"leaving": None, "producers": []}))
        nodes.core_closes(node)
    assert sorted(nodes.closures()) == [("bob", "producer_closed"), ("carol", "producer_closed")]


async def test_one_that_fails_on_the_new_node_first_ends_alone(nodes: ThreeNodes) -> None:
    new = nodes.c.context.entities.producers["producer"]
    nodes.c.core_says(events.ProducerClosed(new.core_id, "ice_timeout"))
    told = [each.event for node in nodes.all for each in node.publisher.events]
    assert not any(isinstance(event, media.ProducerClosed) for event in told)


async def test_a_new_node_that_dies_ends_the_producer_once(nodes: ThreeNodes) -> None:
    await nodes.move()
    nodes.cut_off = {"c"}
    lost = nodes.moving(behind=False).model_copy(
        update={"leaving": None, "producers": [], "placement": nodes.b.placement}
    )
    for node in (nodes.a, nodes.b):
        await node.room_has(lost)
        await node.pass_time(0)
        nodes.core_closes(node)
    assert nodes.b.context.entities.incoming.of_room(nodes.b.room()) == []
    assert ("bob", "producer_closed") in nodes.closures()
    assert len(nodes.closures()) == len(set(nodes.closures()))


async def test_a_producer_with_other_codecs_is_consumed_again(nodes: ThreeNodes) -> None:
    for node in nodes.all:
        nodes.copy(node, nodes.a).consumable["codecs"][0]["payloadType"] += 1
    await nodes.move()
    for node in nodes.all:
        assert nodes.asked(node) == []
        nodes.core_closes(node)
    assert sorted(nodes.closures()) == [(each, "producer_closed") for each in ("bob", "carol", "dave")]
    again = await nodes.consumes(nodes.b, "bob", "down", "again")
    assert again.source == nodes.copy(nodes.b, nodes.c).core_id


async def test_a_second_move_follows_the_first(nodes: ThreeNodes) -> None:
    await nodes.move()
    first = nodes.copy(nodes.a, nodes.a)
    await nodes.move_again()
    third = {node.placement.node_id: nodes.copy(node, nodes.b) for node in nodes.all}
    assert Replaced(first, third["a"]) in nodes.asked(nodes.a)
    assert Replaced(nodes.copy(nodes.b, nodes.a), third["b"]) in nodes.asked(nodes.b)
    for node in nodes.all:
        for consuming in node.context.entities.consumers.values():
            node.core_says(events.ProducerReplaced(consuming.source, third[node.placement.node_id].core_id))
        await nodes.finish_tasks()
        await node.pass_time(0)
        for consuming in node.context.entities.consumers.values():
            assert consuming.source == third[node.placement.node_id].core_id
    assert nodes.a.context.entities.incoming.find(nodes.a.room(), "producer", nodes.c.placement) is None
    assert nodes.closures() == []


async def test_new_consumers_get_the_newest(nodes: ThreeNodes) -> None:
    await nodes.move()
    for node, peer_id, transport_id in (
        (nodes.a, "dave", "daves"),
        (nodes.b, "bob", "down"),
        (nodes.c, "carol", "carols"),
    ):
        late = await nodes.consumes(node, peer_id, transport_id, "late")
        assert late.source == nodes.copy(node, nodes.c).core_id


async def test_a_producer_that_moves_while_a_consumer_is_created_is_found_again(nodes: ThreeNodes) -> None:
    find = nodes.b.context.entities.incoming.find
    changed = PeerChanged(99, "alice", nodes.moving(behind=False), "")
    moved = False

    def find_and_move(*named: Any) -> Any:
        nonlocal moved
        found = find(*named)
        if not moved:
            moved = True
            nodes.b.replicas.projections[ROOM].apply(changed)
        return found

    nodes.b.context.entities.incoming.find = find_and_move  # type: ignore[method-assign,assignment]
    late = await nodes.consumes(nodes.b, "bob", "down", "late")
    assert late.source == nodes.copy(nodes.b, nodes.c).core_id


async def test_a_copy_without_consumers_is_closed_without_a_successor() -> None:
    nodes = ThreeNodes()
    await nodes.start_moving()
    bobs = nodes.b.context.entities.consumers["bobs"]
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.move()
    assert nodes.is_gone(nodes.b, former)
    assert nodes.b.context.entities.incoming.find(nodes.b.room(), "producer", nodes.c.placement) is None


async def test_every_node_hears_a_microphone_that_moves() -> None:
    nodes = ThreeNodes()
    await nodes.start_moving(AUDIO)
    formers = [(node, nodes.copy(node, nodes.a)) for node in nodes.all]
    await nodes.move()
    await nodes.core_switches()
    await nodes.pass_time()
    for node, former in formers:
        assert nodes.is_gone(node, former)
        assert not nodes.is_gone(node, nodes.copy(node, nodes.c))
    assert nodes.closures() == []


async def test_a_microphone_without_consumers_is_heard_until_its_successor_is_there() -> None:
    nodes = ThreeNodes()
    await nodes.start_moving(AUDIO)
    bobs = nodes.b.context.entities.consumers["bobs"]
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    former = nodes.copy(nodes.b, nodes.a)
    nodes.cut_off = {"c"}
    await nodes.move()
    assert not nodes.is_gone(nodes.b, former)
    nodes.cut_off = set()
    assert former.handover is not None
    await nodes.b.pass_time(former.handover.due)
    await nodes.core_switches(nodes.b)
    assert nodes.is_gone(nodes.b, former)
    assert not nodes.is_gone(nodes.b, nodes.copy(nodes.b, nodes.c))


async def test_a_microphone_that_has_left_is_carried_to_no_further_worker() -> None:
    nodes = ThreeNodes(room_peers_per_worker=1)
    await nodes.start_moving(AUDIO)
    nodes.cut_off = {"c"}
    await nodes.move()
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.b.create_transport("erin", "recv", "erins")
    await nodes.finish_tasks()
    await nodes.b.pass_time(0)
    assert len(nodes.b.room().routers) == 2
    assert nodes.b.context.entities.pipes.of(former) == []


async def test_consumers_on_another_worker_switch_as_well() -> None:
    nodes = ThreeNodes(room_peers_per_worker=1)
    await nodes.start_moving()
    await nodes.b.create_transport("erin", "recv", "erins")
    erins = await nodes.consumes(nodes.b, "erin", "erins")
    former, onward = nodes.copy(nodes.b, nodes.a), erins.source
    assert onward != former.core_id
    await nodes.move()
    successor = nodes.copy(nodes.b, nodes.c)
    pairs = {(each.producer, each.successor) for each in nodes.b.told(commands.ReplaceProducer)}  # type: ignore[attr-defined]
    pipe = nodes.b.context.entities.pipes.find(successor, erins.transport.router)
    assert pipe is not None
    assert pairs == {(former.core_id, successor.core_id), (onward, pipe.producer.core_id)}
    nodes.b.core_says(events.ProducerReplaced(former.core_id, successor.core_id))
    await nodes.finish_tasks()
    assert not nodes.is_gone(nodes.b, former), "the other worker gets it from there"
    nodes.b.core_says(events.ProducerReplaced(onward, pipe.producer.core_id))
    await nodes.finish_tasks()
    assert nodes.is_gone(nodes.b, former)
    assert erins.source == pipe.producer.core_id


async def test_the_other_nodes_are_told_what_is_not_wanted_any_more(nodes: ThreeNodes) -> None:
    await nodes.move()
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.core_switches(nodes.b)
    await nodes.b.pass_time(0)
    last = [message for node, message in nodes.b.nodes.requests if node == nodes.a.placement][-1]
    assert isinstance(last, WantPipes)
    assert last.wanted == {}
    assert nodes.is_gone(nodes.b, former)
