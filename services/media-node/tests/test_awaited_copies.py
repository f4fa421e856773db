"""The core has moved some consumers to the successor of a producer and reports nothing yet: the successor stays."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_media_core import commands, events
from hubbub_media_core.commands import Command
from hubbub_media_node.domain.entities import AnyProducer, Consumer
from hubbub_media_node.domain.pipe_table import LINGER
from hubbub_media_node.domain.replacements import Replacements
from hubbub_media_node.handlers import consumer
from support.moving_peer import Replaced, ThreeNodes
from support.node_fakes import ROOM


@pytest.fixture
async def nodes() -> ThreeNodes:
    return await ThreeNodes.moving_peer()


async def on_two_workers() -> tuple[ThreeNodes, Consumer]:
    """Erin consumes on node b as well, on another worker than Bob."""
    nodes = ThreeNodes(room_peers_per_worker=1)
    await nodes.start_moving()
    await nodes.b.create_transport("erin", "recv", "erins")
    erins = await nodes.consumes(nodes.b, "erin", "erins")
    assert erins.source != nodes.copy(nodes.b, nodes.a).core_id
    return nodes, erins


async def test_a_successor_without_reported_consumers_is_not_unused(nodes: ThreeNodes) -> None:
    await nodes.move()
    successor = nodes.copy(nodes.b, nodes.c)
    await nodes.b.pass_time(0, LINGER + 1)
    assert not nodes.is_gone(nodes.b, successor)
    assert nodes.b.told(commands.CloseProducer) == []


async def test_the_end_of_its_pipe_is_not_unused_either() -> None:
    nodes, erins = await on_two_workers()
    await nodes.move()
    successor = nodes.copy(nodes.b, nodes.c)
    await nodes.b.pass_time(0, LINGER + 1)
    assert nodes.b.context.entities.pipes.find(successor, erins.transport.router) is not None


async def test_without_consumers_it_is_closed_as_any_other(nodes: ThreeNodes) -> None:
    await nodes.move()
    successor = nodes.copy(nodes.b, nodes.c)
    bobs = nodes.b.context.entities.consumers["bobs"]
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    nodes.b.core_switches()
    await nodes.b.pass_time(0, LINGER + 1)
    assert nodes.is_gone(nodes.b, successor)


async def test_a_copy_that_ends_before_it_was_replaced_is_forgotten(nodes: ThreeNodes) -> None:
    await nodes.move()
    former, replacements = nodes.copy(nodes.b, nodes.a), nodes.b.context.entities.replacements
    assert replacements.successor_of(former.core_id) is not None
    nodes.b.core_says(events.ProducerClosed(former.core_id, "internal"))
    assert replacements.successor_of(former.core_id) is None


async def test_a_refused_request_leaves_the_one_before_it_in_force(nodes: ThreeNodes) -> None:
    await nodes.move()
    first, second = nodes.copy(nodes.a, nodes.a), nodes.copy(nodes.a, nodes.c)
    nodes.a.core.errors = {commands.ReplaceProducer: "busy"}
    await nodes.move_again()
    now = nodes.timeout_of(nodes.a) - 1
    await nodes.a.pass_time(now)
    assert not nodes.is_gone(nodes.a, second), "consumers of the first copy may be there"
    nodes.a.core.errors = {}
    nodes.a.core.commands.clear()
    await nodes.a.pass_time(now + 0.9)
    third = nodes.copy(nodes.a, nodes.b)
    assert set(nodes.asked(nodes.a)) == {Replaced(first, third), Replaced(second, third)}


async def test_the_next_move_begins_when_the_first_copy_is_closed_and_its_pipe_is_not() -> None:
    nodes, erins = await on_two_workers()
    await consumer.close(nodes.b.context, CloseConsumer(room_id=ROOM, peer_id="bob", consumer_id="bobs"))
    bobs = nodes.b.context.entities.consumers["bobs"]
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    await nodes.move()
    first, second = nodes.copy(nodes.b, nodes.a), nodes.copy(nodes.b, nodes.c)
    onward = nodes.b.context.entities.pipes.find(first, erins.transport.router)
    assert onward is not None
    await nodes.b.pass_time(nodes.timeout_of(nodes.b))
    nodes.b.core_says(
        events.ConsumerClosed(onward.consumer.core_id, "producer_closed"),
        events.ProducerClosed(first.core_id, "requested"),
    )
    await nodes.move_again()
    assert not nodes.is_gone(nodes.b, second), "the other worker may have moved some of its consumers"
    await nodes.core_switches(nodes.b)
    assert nodes.is_gone(nodes.b, second)
    assert nodes.closures() == []


async def test_a_successor_that_ends_on_the_way_to_the_second_worker_is_not_used_there() -> None:
    nodes, erins = await on_two_workers()
    call = nodes.b.core.call
    ended: list[AnyProducer] = []

    async def call_and_end(worker: int, command: Command) -> dict[str, Any]:
        if isinstance(command, commands.ReplaceProducer) and not ended:
            ended.append(nodes.copy(nodes.b, nodes.c))
            nodes.b.core_says(events.ProducerClosed(command.successor, "internal"))
        return await call(worker, command)

    nodes.b.core.call = call_and_end  # type: ignore[method-assign]
    await nodes.move()
    again = nodes.copy(nodes.b, nodes.c)
    assert [again] != ended
    asked = nodes.b.context.entities.replacements.successor_of(erins.source)
    assert asked is not None
    assert nodes.b.context.entities.origin_by_core_id(asked) is again


def test_a_refusal_after_the_end_of_the_former_request_leaves_none() -> None:
    replacements = Replacements()
    assert replacements.ask(1, 2) is None
    before = replacements.ask(1, 3)
    assert (before, replacements.is_awaited(2), replacements.is_awaited(3)) == (2, False, True)
    replacements.end(1)
    replacements.refused(1, 3, before)
    assert replacements.successor_of(1) is None
    assert not replacements.is_awaited(2)
