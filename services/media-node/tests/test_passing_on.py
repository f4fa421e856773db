"""A room on many nodes, with fake cores: nodes pass a producer on to others, by a tree."""

from __future__ import annotations

from collections import Counter

import pytest

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus import media
from hubbub_contracts.bus.pipe import MAX_VIA, OpenPipe
from hubbub_media_core import commands, events
from hubbub_media_node.handlers import outgoing_pipes, remote_producers
from support.node_fakes import ROOM
from support.node_tree import ORIGIN, NodeTree


@pytest.fixture
async def tree() -> NodeTree:
    tree = NodeTree()
    await tree.start()
    for node_id in tree.others:
        await tree.consume(node_id)
    return tree


def deepest(tree: NodeTree) -> str:
    return max(tree.others, key=lambda node_id: len(tree.expected(node_id)))


async def test_every_node_gets_the_producer_by_its_path(tree: NodeTree) -> None:
    assert {node_id: tree.path(node_id) for node_id in tree.others} == {
        node_id: tree.expected(node_id) for node_id in tree.others
    }
    assert max(len(tree.path(node_id)) for node_id in tree.others) == 3


async def test_a_producer_crosses_each_link_once(tree: NodeTree) -> None:
    for node in tree.nodes.values():
        leading = Counter(pipe.link.id for link in node.context.entities.outgoing.links for pipe in link.carried)
        assert set(leading.values()) <= {1}
    assert len(tree.nodes[ORIGIN].context.entities.outgoing.links) == tree.fan_out


async def test_a_node_on_the_way_gets_the_producer_for_those_below() -> None:
    tree = NodeTree()
    await tree.start()
    below = deepest(tree)
    await tree.consume(below)
    assert tree.path(below) == tree.expected(below)
    above = tree.expected(below)[0]
    assert tree.nodes[above].context.entities.consumers == {}
    wanted = (True, False, False)
    tree.nodes[below].core_says(events.LayersWanted(tree.remote(below).core_id, wanted))
    await tree.finish_tasks()
    assert tree.nodes[above].told(commands.SetPipedEncodings)[-1].encodings == wanted  # type: ignore[attr-defined]


async def test_a_producer_that_is_passed_on_stays_without_consumers() -> None:
    tree = NodeTree()
    await tree.start()
    below = deepest(tree)
    await tree.consume(below)
    above = tree.expected(below)[0]
    for now in (0.0, 100.0, 200.0):
        await tree.pass_time(now)
    assert tree.path(below) == tree.expected(below)
    assert not tree.remote(above).closing


async def test_a_small_room_has_no_tree() -> None:
    tree = NodeTree(count=3)
    await tree.start()
    for node_id in tree.others:
        await tree.consume(node_id)
        assert tree.path(node_id) == (ORIGIN,)


async def test_those_below_a_dead_node_get_the_producer_by_another_path(tree: NodeTree) -> None:
    dead = tree.expected(deepest(tree))[-2]
    below = [node_id for node_id in tree.others if dead in tree.path(node_id)]
    assert len(below) >= 2
    before = {node_id: tree.remote(node_id) for node_id in below}
    await tree.dies(dead)
    for node_id in below:
        assert dead not in tree.path(node_id)
        replaced = tree.nodes[node_id].told(commands.ReplaceProducer)[-1]
        successor = tree.remote(node_id).core_id
        assert replaced == commands.ReplaceProducer(producer=before[node_id].core_id, successor=successor)
    await tree.core_switches()
    await tree.pass_time(0)
    for node_id in below:
        assert before[node_id].closing
    assert tree.closures() == []


async def test_a_path_that_works_is_kept_for_a_while(tree: NodeTree) -> None:
    await tree.dies(tree.expected(deepest(tree))[-2])
    await tree.core_switches()
    latest = max(tree.remote(node_id).opened_at for node_id in tree.others)
    earliest = min(tree.remote(node_id).opened_at for node_id in tree.others)
    before = {node_id: tree.path(node_id) for node_id in tree.others}
    await tree.pass_time(earliest + remote_producers.PATH_LINGER - 1)
    assert {node_id: tree.path(node_id) for node_id in tree.others} == before
    await tree.pass_time(latest + remote_producers.PATH_LINGER)
    assert {node_id: tree.path(node_id) for node_id in tree.others} == {
        node_id: tree.expected(node_id) for node_id in tree.others
    }


async def test_a_node_that_does_not_answer_is_passed_by() -> None:
    tree = NodeTree()
    await tree.start()
    below = deepest(tree)
    silent = tree.expected(below)[0]
    tree.silent.add(silent)
    await tree.consume(below)
    assert tree.path(below) == (ORIGIN,)
    assert [asked for asking, asked in tree.opened() if asking == below] == [silent, ORIGIN]


async def test_one_that_was_passed_by_is_tried_again() -> None:
    tree = NodeTree()
    await tree.start()
    below = deepest(tree)
    expected = tree.expected(below)
    tree.silent.add(expected[0])
    await tree.consume(below)
    tree.silent.clear()
    opened_at = tree.remote(below).opened_at
    await tree.pass_time(opened_at + remote_producers.PATH_LINGER - 0.1)
    assert tree.path(below) == (ORIGIN,)
    await tree.pass_time(opened_at + remote_producers.PATH_LINGER)
    assert tree.path(below) == expected


@pytest.mark.parametrize("via", [["n1"], [f"m{number}" for number in range(MAX_VIA)]])
async def test_nodes_that_wait_for_each_other_are_told_so(tree: NodeTree, via: list[str]) -> None:
    node = tree.nodes["n1"]
    (message,) = (each for _, each in node.nodes.requests if isinstance(each, OpenPipe))
    request = message.model_copy(
        update={"producer_id": "other", "origin": tree.nodes["n2"].placement, "node_id": "n3", "via": via}
    )
    with pytest.raises(HubbubError) as caught:
        await outgoing_pipes.open_pipe(node.context, request)
    assert (caught.value.code, caught.value.message) == (ErrorCode.UNAVAILABLE, "the nodes wait for each other")


async def test_a_node_without_the_room_passes_nothing_on(tree: NodeTree) -> None:
    node = tree.nodes["n1"]
    (message,) = (each for _, each in node.nodes.requests if isinstance(each, OpenPipe))
    elsewhere = message.model_copy(update={"room_id": f"{ROOM}-2", "origin": tree.nodes["n2"].placement})
    with pytest.raises(HubbubError) as caught:
        await outgoing_pipes.open_pipe(node.context, elsewhere)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.NOT_FOUND, True)


async def test_two_copies_of_a_producer_share_no_link(tree: NodeTree) -> None:
    below = deepest(tree)
    above, link = tree.expected(below)[0], tree.remote(below).link
    next_home = next(tree.nodes[each] for each in tree.others if each not in (above, below))
    await tree.produce_also(next_home)
    (first,) = (each for _, each in tree.nodes[below].nodes.requests if isinstance(each, OpenPipe))
    request = first.model_copy(update={"link_id": ids.mint(), "links": [link.id], "origin": next_home.placement})
    opened = await outgoing_pipes.open_pipe(tree.nodes[above].context, request)
    assert opened.link_id == request.link_id, "the other one has the copy that Alice sends to her former node"
    again = await outgoing_pipes.open_pipe(tree.nodes[above].context, request)
    assert again.link_id == request.link_id


async def test_who_is_below_a_lost_link_is_told_so(tree: NodeTree) -> None:
    below = deepest(tree)
    node, lost = tree.nodes[tree.expected(below)[0]], tree.remote(tree.expected(below)[0]).link
    for state, event in (("disconnected", media.ConsumerPaused), ("connected", media.ConsumerResumed)):
        node.core_says(events.IceSelected(lost.transport.core_id, state, ("10.0.0.7", 40_000), "10.0.0.7", "udp"))  # type: ignore[arg-type]
        lost.detour.is_hopeful = False
        await tree.asks_again(below)
        assert tree.nodes[below].publisher.events[-1].event == event(consumer_id="consumer", reason="link")


async def test_a_parent_that_has_lost_the_producer_is_asked_again(tree: NodeTree) -> None:
    below = deepest(tree)
    above, before = tree.expected(below)[0], tree.remote(below)
    node, lost = tree.nodes[above], tree.remote(above)
    pipes = [pipe for link in node.context.entities.outgoing.links for pipe in link.carried]
    node.core_says(*(events.ConsumerClosed(pipe.end.core_id, "producer_closed") for pipe in pipes))
    node.core_says(events.ProducerClosed(lost.core_id, "internal"))
    await tree.finish_tasks()
    await tree.asks_again(below)
    await tree.pass_time(0)
    assert tree.remote(below) is not before
    assert tree.path(below) == tree.expected(below)
    assert tree.closures() == []
