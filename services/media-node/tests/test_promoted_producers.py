"""A peer's node dies, and its standby hosts it, with fake cores. Everybody switches to the copy at once."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.pipe import OpenPipe
from hubbub_media_core import commands
from support.moving_peer import Replaced
from support.standby_peer import StandbyNodes
from support.two_nodes import AUDIO, NodeOfTwo


@pytest.fixture
async def nodes() -> StandbyNodes:
    return await StandbyNodes.standing_by()


def opened(nodes: StandbyNodes, node: NodeOfTwo) -> list[Any]:
    """What a node asked the standby for."""
    return [one for where, one in node.nodes.requests if where == nodes.c.placement and isinstance(one, OpenPipe)]


async def test_consumers_on_all_nodes_go_on_with_the_copy_at_once(nodes: StandbyNodes) -> None:
    formers = [(node, nodes.copy(node, nodes.a)) for node in (nodes.b, nodes.c)]
    await nodes.promote()
    for node, former in formers:
        successor = nodes.copy(node, nodes.c)
        assert nodes.asked(node) == [Replaced(former, successor)]
        assert nodes.is_gone(node, former), "no time has passed"
        told = node.told(commands.ReplaceProducer, commands.CloseProducer)
        assert told[-1] == commands.CloseProducer(producer=former.core_id), "the core switches those that wait"
        await nodes.core_switches(node)
        for consuming in node.context.entities.consumers.values():
            assert consuming.source == successor.core_id
    assert nodes.closures() == []


async def test_consumers_on_other_workers_go_on_with_the_copy_at_once() -> None:
    nodes = await StandbyNodes.standing_by(room_peers_per_worker=1)
    await nodes.b.create_transport("erin", "recv", "erins")
    erins = await nodes.consumes(nodes.b, "erin", "erins")
    former, onward = nodes.copy(nodes.b, nodes.a), erins.source
    await nodes.promote()
    assert nodes.is_gone(nodes.b, former)
    pipe = nodes.b.context.entities.pipes.find(nodes.copy(nodes.b, nodes.c), erins.transport.router)
    assert pipe is not None
    replaced = commands.ReplaceProducer(producer=onward, successor=pipe.producer.core_id)
    assert replaced in nodes.b.told(commands.ReplaceProducer)


@pytest.mark.parametrize("track", [AUDIO, "produce-video-vp8-simulcast3"])
async def test_the_copy_is_asked_for_by_the_change_of_the_record_alone(track: str) -> None:
    nodes = await StandbyNodes.standing_by(track)
    assert opened(nodes, nodes.b) == []
    nodes.cut_off.add("a")
    nodes.at_once(nodes.b, nodes.promoted())
    await nodes.b.finish_tasks()
    assert len(opened(nodes, nodes.b)) == 1


async def test_a_link_that_exists_is_used_for_the_copy(nodes: StandbyNodes) -> None:
    await nodes.c.create_transport("carol", "send", "carols-up")
    await nodes.produces_on(nodes.c, "carols-up", peer_id="carol", producer_id="other")
    (carols,) = [each for each in nodes.others() if each.peer_id == "carol"]
    placed = nodes.alice("other").producers
    await nodes.everywhere(carols.model_copy(update={"producers": placed}))
    await nodes.consumes(nodes.b, "bob", "down", "of-carol", producer_id="other")
    made = len(nodes.b.links())
    await nodes.promote()
    assert not nodes.is_gone(nodes.b, nodes.copy(nodes.b, nodes.c))
    assert len(nodes.b.links()) == made


async def test_the_former_copy_stays_until_the_successor_is_there(nodes: StandbyNodes) -> None:
    former = nodes.copy(nodes.b, nodes.a)
    nodes.cut_off.add("c")
    await nodes.promote()
    assert not nodes.is_gone(nodes.b, former)
    nodes.cut_off.remove("c")
    assert former.handover is not None
    await nodes.b.pass_time(former.handover.due)
    await nodes.finish_tasks()
    assert nodes.is_gone(nodes.b, former)
    assert nodes.asked(nodes.b) == [Replaced(former, nodes.copy(nodes.b, nodes.c))]
    assert nodes.closures() == []


async def test_a_move_is_no_loss_of_the_former_node(nodes: StandbyNodes) -> None:
    await nodes.everywhere(nodes.moving(behind=True))
    await nodes.move()
    former = nodes.copy(nodes.b, nodes.a)
    await nodes.everywhere(nodes.moving(behind=False).model_copy(update={"leaving": None}))
    await nodes.b.pass_time(0)
    assert former.handover is not None
    assert not former.handover.ended
    assert not nodes.is_gone(nodes.b, former)


async def test_two_promotions_in_a_row(nodes: StandbyNodes) -> None:
    await nodes.promote()
    await nodes.core_switches(nodes.b, nodes.c)
    await nodes.b.create_transport("alice", "send", "third")
    again = nodes.promoted()
    standby = nodes.with_standby("producer", on=nodes.b).standby
    for node in (nodes.b, nodes.c):
        await node.room_has(again.model_copy(update={"standby": standby}))
    await nodes.produces_on(nodes.b, "third")
    former = nodes.copy(nodes.b, nodes.c)
    nodes.cut_off.add("c")
    await nodes.b.room_has(nodes.alice("producer", placement=nodes.b.placement))
    await nodes.finish_tasks()
    replaced = commands.ReplaceProducer(producer=former.core_id, successor=nodes.copy(nodes.b, nodes.b).core_id)
    assert nodes.b.told(commands.ReplaceProducer)[-1] == replaced
    assert nodes.is_gone(nodes.b, former)
    await nodes.core_switches(nodes.b)
    assert nodes.b.context.entities.consumers["bobs"].source == nodes.copy(nodes.b, nodes.b).core_id
    assert nodes.closures() == []
