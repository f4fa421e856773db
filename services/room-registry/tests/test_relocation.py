"""Rooms and peers leave ended nodes; everybody else stays."""

from __future__ import annotations

import pytest

from hubbub_bus import KeyConflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import Placement, RoomRecord
from hubbub_registry.domain.incarnation import Timeouts
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.relocation import (
    PeerMove,
    RoomMove,
    move_peer,
    peer_moves,
    room_moves,
    unknown_placements,
)
from hubbub_registry.domain.rooms import Rooms
from hubbub_registry.handlers.relocation import Relocator
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, encoded, nodes_with, peer_record, room_record, rooms_with

C, D = Placement(node_id="c", epoch=3), Placement(node_id="d", epoch=4)


def moving_rooms(rooms: Rooms, nodes: Nodes, limit: int | None = None) -> list[RoomMove]:
    return list(room_moves(rooms, nodes, Placer(nodes, rooms, limit)))


def moving_peers(rooms: Rooms, nodes: Nodes, limit: int | None = None) -> list[PeerMove]:
    return list(peer_moves(rooms, nodes, Placer(nodes, rooms, limit)))


def test_a_room_moves_when_its_placement_has_ended_and_its_peers_follow() -> None:
    rooms = rooms_with(peer_record("one", producers=2), peer_record("two"))
    nodes = nodes_with(A, B)
    assert moving_rooms(rooms, nodes) == []
    nodes.lease_removed("a", 1.0, released=True)
    (move,) = moving_rooms(rooms, nodes)
    assert (move.settings.revision, move.placement) == (1, B)
    assert moving_peers(rooms, nodes) == [], "not before the room has moved"
    rooms.apply_settings("r", encoded(room_record(placement=B)), 10, 0.0)
    moves = [(move.peer.peer_id, move.placement) for move in moving_peers(rooms, nodes)]
    assert moves == [("one", B), ("two", B)]
    moved = move_peer(peer_record("one", producers=2), B, "op")
    assert (moved.placement, moved.producers) == (B, [])
    rooms.apply_peer("r", "one", encoded(moved), 11, 0.0)
    assert [move.peer.record.peer_id for move in moving_peers(rooms, nodes)] == ["two"]


def test_without_a_node_a_room_with_peers_loses_its_placement_once() -> None:
    nodes = nodes_with(A)
    nodes.lease_removed("a", 1.0, released=True)
    rooms = rooms_with(peer_record("one"))
    (move,) = moving_rooms(rooms, nodes)
    assert move.placement is None
    rooms.apply_settings("r", encoded(room_record(placement=None)), 10, 0.0)
    assert moving_rooms(rooms, nodes) == []
    assert [move.placement for move in moving_peers(rooms, nodes)] == [None]


def test_an_empty_room_does_not_move() -> None:
    nodes = nodes_with(A)
    nodes.lease_removed("a", 1.0, released=True)
    assert moving_rooms(rooms_with(), nodes) == []


def test_unknown_placements_are_those_of_rooms_with_peers() -> None:
    assert unknown_placements(rooms_with(peer_record("one")), Nodes(Timeouts())) == {A}
    assert unknown_placements(rooms_with(peer_record("one")), nodes_with(A)) == set()
    assert unknown_placements(rooms_with(), Nodes(Timeouts())) == set()
    assert unknown_placements(rooms_with(peer_record("one", placement=B)), nodes_with(A)) == {B}


def test_only_peers_on_an_ended_node_move() -> None:
    rooms = rooms_with(peer_record("one"), peer_record("two", placement=B), peer_record("three", placement=B))
    nodes = nodes_with(A, B, C)
    assert moving_peers(rooms, nodes, 1) == []
    nodes.lease_removed("b", 1.0, released=True)
    assert moving_rooms(rooms, nodes, 1) == [], "its home is live"
    moves = {move.peer.peer_id: move.placement for move in moving_peers(rooms, nodes, 1)}
    assert moves == {"two": C, "three": C}, "A has the room and a peer, C only those that have just moved"


def test_the_home_of_a_room_moves_to_a_node_that_it_has() -> None:
    rooms = rooms_with(peer_record("one"), peer_record("two", placement=B))
    nodes = nodes_with(A, B, C)
    nodes.lease_removed("a", 1.0, released=True)
    assert [move.placement for move in moving_rooms(rooms, nodes, 1)] == [B]
    rooms.apply_settings("r", encoded(room_record(placement=B)), 10, 0.0)
    assert [(move.peer.peer_id, move.placement) for move in moving_peers(rooms, nodes, 1)] == [("one", C)]


def test_peers_move_within_their_region() -> None:
    rooms = rooms_with(
        peer_record("one", placement=B, region="eu"),
        peer_record("two", placement=B, region="us"),
        peer_record("three", placement=B),
    )
    nodes = nodes_with(A, B, C, D, regions={"a": "us", "b": "eu", "c": "eu", "d": "eu"}, cpu={"c": 0.1})
    nodes.lease_removed("b", 1.0, released=True)
    moves = {move.peer.peer_id: move.placement for move in moving_peers(rooms, nodes, 800)}
    assert moves == {"one": D, "two": A, "three": A}
    nodes.lease_removed("c", 1.0, released=True)
    nodes.lease_removed("d", 1.0, released=True)
    moves = {move.peer.peer_id: move.placement for move in moving_peers(rooms, nodes, 800)}
    assert moves == {"one": A, "two": A, "three": A}, "no node of its region is left"


def test_a_room_whose_only_node_has_ended_moves_to_the_region_of_most_of_its_peers() -> None:
    peers = [peer_record("one", region="us"), peer_record("two", region="eu"), peer_record("three", region="eu")]
    peers += [peer_record(f"recorder-{number}") for number in range(3)]
    nodes = nodes_with(A, B, C, regions={"a": "eu", "b": "us", "c": "eu"}, cpu={"c": 0.5})
    nodes.lease_removed("a", 1.0, released=True)
    for limit in (None, 800):
        assert [move.placement for move in moving_rooms(rooms_with(*peers), nodes, limit)] == [C]
    assert [move.placement for move in moving_rooms(rooms_with(*peers[:2]), nodes)] == [B], "of the first, among equals"


@pytest.fixture
def store() -> FakeRoomStore:
    """A room with two peers on A."""
    store = FakeRoomStore()
    store.store_room("r", room_record())
    store.store_peer(peer_record("one", producers=1))
    store.store_peer(peer_record("two"))
    return store


@pytest.fixture
def nodes() -> Nodes:
    """A has ended, B is alive."""
    nodes = nodes_with(A, B)
    nodes.lease_removed("a", 1.0, released=True)
    return nodes


def placements(store: FakeRoomStore) -> dict[str, object]:
    room = store.rooms.get("r")
    assert room is not None
    assert room.settings is not None
    peers = {peer_id: peer.record.placement for peer_id, peer in room.peers.items()}
    return {"room": room.settings.record.placement, **peers}


async def test_one_pass_moves_rooms_and_peers(store: FakeRoomStore, nodes: Nodes) -> None:
    assert await Relocator(store, nodes, None).run(0)
    assert placements(store) == {"room": B, "one": B, "two": B}


async def test_a_pass_is_incomplete_when_another_replica_wrote_first(store: FakeRoomStore, nodes: Nodes) -> None:
    store.before_write = [lambda: store.store_room("r", room_record())]
    assert not await Relocator(store, nodes, None).run(0)
    assert await Relocator(store, nodes, None).run(0)
    assert placements(store) == {"room": B, "one": B, "two": B}


async def test_a_peer_that_leaves_during_the_pass_does_not_make_it_incomplete(
    store: FakeRoomStore, nodes: Nodes
) -> None:
    store.before_write = [lambda: None, lambda: store.remove_peer("r", "one", "left")]
    assert await Relocator(store, nodes, None).run(0)
    assert placements(store) == {"room": B, "two": B}


@pytest.mark.parametrize("error", [KeyConflict("r"), HubbubError(ErrorCode.UNAVAILABLE, "no store", retryable=True)])
async def test_a_failed_write_makes_the_pass_incomplete(nodes: Nodes, error: Exception) -> None:
    class FailingStore(FakeRoomStore):
        async def put_room(self, record: RoomRecord, last: int) -> int:
            raise error

    store = FailingStore()
    store.store_room("r", room_record())
    store.store_peer(peer_record("one"))
    assert not await Relocator(store, nodes, None).run(0)
