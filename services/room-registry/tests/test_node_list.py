"""What operators see of the media nodes."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.node_list import ListNodes, NodeState
from hubbub_registry.domain.incarnation import Timeouts
from hubbub_registry.domain.node_list import list_nodes
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.rooms import Rooms
from hubbub_registry.handlers import node
from hubbub_registry.handlers.context import RegistryContext
from support import registry_records
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, nodes_with, peer_record, rooms_with


def lease(epoch: int, *, fenced: bool = False) -> LeaseRecord:
    return LeaseRecord(holder="a", instance="i", epoch=epoch, fenced=fenced)


def heartbeat(epoch: int = 1, *, draining: bool = False, leased: bool = True) -> NodeHeartbeat:
    return NodeHeartbeat(node_id="a", epoch=epoch, sent_at=0, draining=draining, leased=leased, workers=[])


def states(nodes: Nodes) -> list[tuple[str, int, NodeState]]:
    return [(each.node_id, each.epoch, each.state) for each in list_nodes(nodes, Rooms())]


async def test_rooms_and_peers_are_those_placed_on_the_node(context: RegistryContext, store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    store.store_peer(peer_record("two", placement=B))
    store.store_peer(peer_record("recorder", role="recorder"))
    listed = (await node.list_nodes(context, ListNodes())).nodes
    assert [(each.node_id, each.epoch, each.rooms, each.peers) for each in listed] == [("a", 1, 1, 2), ("b", 2, 1, 1)]
    assert [len(each.workers) for each in listed] == [1, 1]


@pytest.mark.parametrize(
    ("beat", "state"),
    [
        (heartbeat(), "accepting"),
        (heartbeat(draining=True), "draining"),
        (heartbeat(draining=True, leased=False), "draining"),
        (heartbeat(leased=False), "suspect"),
    ],
    ids=["accepting", "draining", "draining without a lease", "without a lease"],
)
def test_state_of_a_live_node(beat: NodeHeartbeat, state: NodeState) -> None:
    nodes = nodes_with(A)
    nodes.heartbeat(beat, 0.1)
    assert states(nodes) == [("a", 1, state)]


def test_the_load_is_the_one_that_placement_uses() -> None:
    nodes = nodes_with(A, B, cpu={"a": 0.25})
    nodes.heartbeat(registry_records.heartbeat(B, cpu=0.25, sent_bitrate=0.5 * registry_records.MAX_BITRATE), 0.1)
    assert [each.load for each in list_nodes(nodes, Rooms())] == [0.25, 0.5]


def test_a_node_that_drains_says_until_when() -> None:
    nodes = nodes_with(A, B)
    assert [each.drain_deadline for each in list_nodes(nodes, Rooms())] == [None, None]
    nodes.heartbeat(heartbeat(draining=True).model_copy(update={"drain_deadline": 5_000}), 0.1)
    assert [each.drain_deadline for each in list_nodes(nodes, Rooms())] == [5_000, None]


def test_a_node_has_a_region_while_it_is_heard() -> None:
    nodes = nodes_with(A, B, regions={"a": "eu"})
    assert [each.region for each in list_nodes(nodes, Rooms())] == ["eu", None]
    for now in (0.5, 1.5):
        list(nodes.evaluate(now))
    assert [each.region for each in list_nodes(nodes, Rooms())] == [None, None]


def test_a_silent_node_is_suspect_then_dead() -> None:
    nodes = nodes_with(A)
    list(nodes.evaluate(0.5))
    assert states(nodes) == [("a", 1, "suspect")]
    list(nodes.evaluate(1.5))
    assert states(nodes) == [("a", 1, "dead")]
    assert list_nodes(nodes, Rooms())[0].workers == [], "a former load is no load"


def test_a_node_without_a_heartbeat_starts() -> None:
    nodes = Nodes(Timeouts())
    nodes.lease_written("a", lease(1), 0.0)
    assert states(nodes) == [("a", 1, "starting")]


def test_a_fenced_node_is_dead_until_it_is_back() -> None:
    nodes = nodes_with(A, B)
    nodes.lease_written("a", lease(1, fenced=True), 1.0)
    assert states(nodes) == [("a", 1, "dead"), ("b", 2, "accepting")]
    nodes.lease_written("a", lease(1), 1.1)
    assert states(nodes)[0] == ("a", 1, "dead"), "a renewal from before the fence"
    nodes.lease_written("a", lease(9), 2.0)
    nodes.heartbeat(heartbeat(9), 2.0)
    assert states(nodes)[0] == ("a", 9, "accepting")


def test_a_dead_node_is_listed_as_long_as_its_fence_is_stored() -> None:
    nodes = nodes_with(A)
    nodes.lease_written("a", lease(1, fenced=True), 1.0)
    nodes.lease_removed("a", 3_600.0, released=False)
    assert states(nodes) == []


def test_a_released_node_is_not_listed() -> None:
    nodes = nodes_with(A)
    nodes.lease_removed("a", 1.0, released=True)
    assert states(nodes) == []


def test_a_replica_that_starts_knows_the_dead_nodes() -> None:
    nodes = Nodes(Timeouts())
    nodes.lease_written("a", lease(1, fenced=True), 0.0)
    assert states(nodes) == [("a", 1, "dead")]


def test_rooms_of_a_dead_node_are_listed_until_they_have_moved() -> None:
    nodes = nodes_with(A)
    nodes.lease_written("a", lease(1, fenced=True), 1.0)
    [dead] = list_nodes(nodes, rooms_with(peer_record("one")))
    assert (dead.rooms, dead.peers) == (1, 1)
