"""Peers of clients that make before they break leave a node that drains before it ends (ADR 48)."""

from __future__ import annotations

from collections import Counter

import pytest

from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.relocation import (
    BeginningMove,
    begin_move,
    beginning_moves,
    end_move,
    ending_moves,
    move_peer,
    unknown_placements,
)
from hubbub_registry.domain.rooms import Rooms
from hubbub_registry.handlers.relocation import Relocator
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, encoded, heartbeat, nodes_with, peer_record, room_record, rooms_with

C = Placement(node_id="c", epoch=3)
DEADLINE = 30_000
NOW = 1_000


def mover(peer_id: str, placement: Placement = A, region: str | None = None, producers: int = 0) -> PeerRecord:
    """A peer whose client makes before it breaks."""
    return peer_record(peer_id, placement=placement, region=region, producers=producers, make_before_break=True)


def drain(nodes: Nodes, placement: Placement, deadline: int | None = DEADLINE) -> None:
    nodes.heartbeat(heartbeat(placement, drain_deadline=deadline), 1.0)


def beginning(rooms: Rooms, nodes: Nodes, limit: int | None = 800, now: int = NOW) -> list[BeginningMove]:
    return list(beginning_moves(rooms, nodes, Placer(nodes, rooms, limit), now))


def destinations(rooms: Rooms, nodes: Nodes, limit: int | None = 800) -> dict[str, Placement]:
    return {move.peer.peer_id: move.placement for move in beginning(rooms, nodes, limit)}


def moving(peer: PeerRecord, placement: Placement = B) -> PeerRecord:
    assert peer.placement is not None
    return begin_move(peer, placement, Leaving(placement=peer.placement, deadline=DEADLINE), "op")


def test_a_drain_begins_the_moves_of_those_who_make_before_they_break() -> None:
    rooms = rooms_with(mover("one"), peer_record("two"), mover("three", B))
    nodes = nodes_with(A, B)
    assert beginning(rooms, nodes) == []
    drain(nodes, A)
    [move] = beginning(rooms, nodes)
    assert (move.peer.peer_id, move.placement) == ("one", B)
    assert move.leaving == Leaving(placement=A, deadline=DEADLINE)
    rooms.apply_peer("r", "one", encoded(moving(mover("one"))), 10, 0.0)
    assert beginning(rooms, nodes) == [], "it moves already"


def test_nobody_moves_before_the_break_where_it_is_of_no_use() -> None:
    nodes = nodes_with(A)
    drain(nodes, A)
    assert beginning(rooms_with(mover("one")), nodes) == [], "there is no other node"
    nodes = nodes_with(A, B)
    drain(nodes, A)
    assert beginning(rooms_with(mover("one")), nodes, limit=None) == [], "nodes do not reach each other"
    waiting = mover("one").model_copy(update={"role": "waiting"})
    assert beginning(rooms_with(waiting), nodes) == [], "it has nothing to move"
    assert beginning(rooms_with(mover("one")), nodes, now=DEADLINE) == [], "too late"
    drain(nodes, B)
    assert beginning(rooms_with(mover("one")), nodes) == [], "the other one drains as well"
    nodes = nodes_with(A, B)
    nodes.heartbeat(heartbeat(A).model_copy(update={"draining": True}), 1.0)
    assert beginning(rooms_with(mover("one")), nodes) == [], "a node of an older version ends at once"


def test_a_drain_wakes_the_relocation() -> None:
    nodes = nodes_with(A, B)
    assert not nodes.heartbeat(heartbeat(A), 1.0)
    assert nodes.heartbeat(heartbeat(A, drain_deadline=DEADLINE), 1.1)
    assert not nodes.heartbeat(heartbeat(A, drain_deadline=DEADLINE), 1.2)
    assert nodes.heartbeat(heartbeat(A, drain_deadline=DEADLINE + 1), 1.3)


def test_peers_that_leave_together_are_spread() -> None:
    rooms = rooms_with(*(mover(f"peer-{number}") for number in range(7)), mover("there", B))
    nodes = nodes_with(A, B, C)
    drain(nodes, A)
    assert Counter(destinations(rooms, nodes, 4).values()) == {B: 3, C: 4}, "four of a room share a node"


def test_a_peer_goes_to_its_region_even_where_its_room_is_elsewhere() -> None:
    rooms = rooms_with(mover("one", region="eu"), mover("two", region="us"), mover("three"))
    nodes = nodes_with(A, B, C, regions={"a": "eu", "b": "us", "c": "eu"})
    nodes.heartbeat(heartbeat(A, region="eu", drain_deadline=DEADLINE), 1.0)
    assert destinations(rooms, nodes) == {"one": C, "two": B, "three": C}


def test_its_producers_are_on_the_former_node_until_they_are_replaced() -> None:
    begun = moving(mover("one", producers=2))
    assert (begun.placement, begun.leaving) == (B, Leaving(placement=A, deadline=DEADLINE))
    assert [begun.placement_of(each) for each in begun.producers] == [A, A]
    assert [each.producer_id for each in begun.producers] == ["p0", "p1"]


def test_a_move_ends_at_its_deadline_or_with_the_former_node() -> None:
    rooms, nodes = rooms_with(moving(mover("one")), mover("two", B)), nodes_with(A, B, C)

    def ending(now: int) -> list[str]:
        return [peer.peer_id for peer in ending_moves(rooms, nodes, now)]

    assert ending(DEADLINE - 1) == []
    assert ending(DEADLINE) == ["one"]
    nodes.lease_removed("a", 1.0, released=True)
    assert ending(NOW) == ["one"]
    nodes.lease_removed("b", 1.0, released=True)
    assert ending(DEADLINE) == [], "it is placed again"


def test_the_end_of_a_move_takes_what_was_not_replaced() -> None:
    begun = moving(mover("one", producers=2))
    here = begun.producers[0].model_copy(update={"placement": None})
    ended = end_move(begun.model_copy(update={"producers": [here, begun.producers[1]]}))
    assert ended is not None
    assert (ended.placement, ended.leaving, ended.producers) == (B, None, [here])
    assert end_move(ended) is None


def test_a_peer_that_is_placed_again_loses_both_nodes() -> None:
    placed = move_peer(moving(mover("one", producers=1)), C, "op")
    assert (placed.placement, placed.leaving, placed.producers) == (C, None, [])


def test_the_node_that_is_left_is_expected_to_be_known() -> None:
    assert unknown_placements(rooms_with(moving(mover("one"))), nodes_with(B)) == {A}


@pytest.fixture
def store() -> FakeRoomStore:
    """A room on A with a peer that can move, and one that cannot."""
    store = FakeRoomStore()
    store.store_room("r", room_record())
    store.store_peer(mover("one", producers=1))
    store.store_peer(peer_record("two", producers=1))
    return store


def record(store: FakeRoomStore, peer_id: str) -> PeerRecord:
    peer = store.rooms.find_peer("r", peer_id)
    assert peer is not None
    return peer.record


async def test_one_pass_begins_a_move_and_a_later_one_ends_it(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B)
    drain(nodes, A)
    relocator = Relocator(store, nodes, 800)
    assert await relocator.run(NOW)
    one, two = record(store, "one"), record(store, "two")
    assert (one.placement, one.leaving) == (B, Leaving(placement=A, deadline=DEADLINE))
    assert [one.placement_of(each) for each in one.producers] == [A]
    assert (two.placement, two.leaving, len(two.producers)) == (A, None, 1)
    assert (await relocator.run(DEADLINE - 1), record(store, "one")) == (True, one)
    assert await relocator.run(DEADLINE)
    one = record(store, "one")
    assert (one.placement, one.leaving, one.producers) == (B, None, [])


async def test_the_death_of_the_new_node_places_the_peer_again(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C)
    drain(nodes, A)
    nodes.heartbeat(heartbeat(C, cpu=0.5), 1.0)
    relocator = Relocator(store, nodes, 800)
    assert await relocator.run(NOW)
    assert record(store, "one").placement == B
    nodes.lease_removed("b", 1.0, released=True)
    assert await relocator.run(NOW)
    one = record(store, "one")
    assert (one.placement, one.leaving, one.producers) == (C, None, [])


async def test_the_room_follows_those_who_left_when_its_home_ends(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C, cpu={"b": 0.2})
    drain(nodes, A)
    relocator = Relocator(store, nodes, 800)
    assert await relocator.run(NOW)
    assert record(store, "one").placement == C
    nodes.lease_removed("a", 1.0, released=True)
    assert await relocator.run(NOW)
    assert await relocator.run(NOW)
    room = store.rooms.get("r")
    assert room is not None
    assert room.settings is not None
    assert room.settings.record.placement == C
    assert (record(store, "one").leaving, record(store, "two").placement) == (None, C)


def test_a_record_of_an_older_version_does_not_move() -> None:
    older = mover("one", producers=1).model_dump(by_alias=True, exclude_none=True, exclude={"make_before_break"})
    parsed = PeerRecord.model_validate(older)
    assert (parsed.make_before_break, parsed.leaving) == (False, None)
    assert [parsed.placement_of(each) for each in parsed.producers] == [A]
