"""A room on many nodes, with fake cores: a node is to get a producer by another path than before."""

from __future__ import annotations

import pytest

from hubbub_media_core import commands
from hubbub_media_node.handlers import remote_producers
from support.node_fakes import ROOM
from support.node_tree import ORIGIN, NodeTree


@pytest.fixture
async def tree() -> NodeTree:
    tree = NodeTree()
    await tree.start()
    return tree


def deepest(tree: NodeTree) -> str:
    return max(tree.others, key=lambda node_id: len(tree.expected(node_id)))


async def test_those_below_follow_a_node_that_gets_the_producer_by_another_path(tree: NodeTree) -> None:
    below = deepest(tree)
    above, silent = tree.expected(below)[:2]
    tree.silent.add(silent)
    await tree.consume(below)
    assert tree.path(below) == (above, ORIGIN)
    before = (tree.remote(above), tree.remote(below))
    tree.silent.clear()
    await tree.nodes[above].pass_time(before[0].opened_at + remote_producers.PATH_LINGER)
    await tree.finish_tasks()
    assert [each.closing for each in before] == [False, False]  # the first one is still sent
    await tree.asks_again(below)
    await tree.pass_time(0)
    assert tree.path(below) == (above, silent, ORIGIN)
    assert tree.source(below) is tree.remote(above)
    replaced = tree.nodes[below].told(commands.ReplaceProducer)[-1]
    assert replaced == commands.ReplaceProducer(producer=before[1].core_id, successor=tree.remote(below).core_id)
    await tree.core_switches()
    await tree.pass_time(0)
    assert [each.closing for each in before] == [True, True]
    assert tree.closures() == []


async def test_a_path_that_fails_again_changes_nothing(tree: NodeTree) -> None:
    below = deepest(tree)
    silent = tree.expected(below)[0]
    tree.silent.add(silent)
    await tree.consume(below)
    before = tree.remote(below)
    await tree.nodes[below].pass_time(before.opened_at + remote_producers.PATH_LINGER)
    await tree.finish_tasks()
    assert [asked for asking, asked in tree.opened() if asking == below] == [silent, ORIGIN, silent]
    assert tree.remote(below) is before
    assert tree.nodes[below].told(commands.ReplaceProducer) == []
    assert before.handover is None


async def test_those_below_a_node_that_was_restarted_get_the_producer_from_its_new_incarnation(tree: NodeTree) -> None:
    for node_id in tree.others:
        await tree.consume(node_id)
    below = deepest(tree)
    above, before = tree.expected(below)[0], tree.remote(below)
    await tree.restarts(above)
    await tree.pass_time(0)
    assert tree.remote(below) is not before
    assert tree.remote(below).link.node == tree.nodes[above].placement
    assert tree.path(below) == tree.expected(below)


async def test_paths_stay_while_the_room_is_not_known(tree: NodeTree) -> None:
    below = deepest(tree)
    await tree.consume(below)
    before, node = tree.remote(below), tree.nodes[below]
    node.replicas.projections[ROOM].room_not_found()
    node.replicas.complete = False
    await tree.nodes[below].pass_time(before.opened_at + remote_producers.PATH_LINGER)
    assert tree.remote(below) is before
    assert not before.has_left
