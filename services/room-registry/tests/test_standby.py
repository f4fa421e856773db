"""A peer's standby hosts it at once when its node ends, and ends before it is of no use (ADR 51)."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, Standby
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.relocation import begin_move, move_peer, peer_moves, room_moves, unknown_placements
from hubbub_registry.domain.rooms import Rooms
from hubbub_registry.domain.standby import end_standby, lost_standbys, promote, promotions, with_producers
from hubbub_registry.handlers.relocation import Relocator
from support.fake_room_store import FakeRoomStore
from support.registry_records import A, B, encoded, heartbeat, nodes_with, peer_record, room_record, rooms_with

C, D = Placement(node_id="c", epoch=3), Placement(node_id="d", epoch=4)


def prepared(
    peer_id: str, placement: Placement = A, standby: Placement = B, producers: int = 0, copies: tuple[str, ...] = ()
) -> PeerRecord:
    """A peer with a standby, which has copies of these of its producers."""
    record = peer_record(peer_id, placement=placement, producers=producers)
    return record.model_copy(update={"standby": Standby(placement=standby, producers=list(copies))})


def end(nodes: Nodes, *placements: Placement) -> None:
    for each in placements:
        nodes.lease_removed(each.node_id, 1.0, released=True)


def drain(nodes: Nodes, placement: Placement) -> None:
    nodes.heartbeat(heartbeat(placement, drain_deadline=30_000), 1.0)


def promoted(rooms: Rooms, nodes: Nodes) -> list[str]:
    return [peer.peer_id for peer in promotions(rooms, nodes)]


def lost(rooms: Rooms, nodes: Nodes) -> list[str]:
    return [peer.peer_id for peer in lost_standbys(rooms, nodes)]


def moved(rooms: Rooms, nodes: Nodes) -> list[tuple[str, Placement | None]]:
    return [(move.peer.peer_id, move.placement) for move in peer_moves(rooms, nodes, Placer(nodes, rooms, 800))]


def home(rooms: Rooms, nodes: Nodes) -> Placement | None:
    [move] = room_moves(rooms, nodes, Placer(nodes, rooms, 800))
    return move.placement


def test_a_promotion_keeps_the_producers_with_a_copy_as_they_are() -> None:
    record = prepared("one", producers=3, copies=("p2", "p0"))
    producers = [each.model_copy(update={"paused": each.producer_id == "p2"}) for each in record.producers]
    after = promote(record.model_copy(update={"producers": producers}), "op")
    assert after is not None
    assert (after.placement, after.standby, after.leaving, after.operation_id) == (B, None, None, "op")
    assert [(each.producer_id, each.paused, each.placement) for each in after.producers] == [
        ("p0", False, None),
        ("p2", True, None),
    ]
    assert promote(after, "again") is None


def test_who_has_a_standby_does_not_wait_for_the_home_of_the_room() -> None:
    rooms = rooms_with(prepared("one"), peer_record("two"), prepared("three", standby=C))
    nodes = nodes_with(A, B, C)
    assert promoted(rooms, nodes) == []
    end(nodes, A)
    assert promoted(rooms, nodes) == ["one", "three"]
    assert moved(rooms, nodes) == [], "the others do"
    rooms.apply_settings("r", encoded(room_record(placement=B)), 10, 0.0)
    assert moved(rooms, nodes) == [("two", B)], "and only they are placed by it"


@pytest.mark.parametrize("how", ["ended", "drains", "lease expired"])
def test_a_standby_that_can_host_nobody_is_of_no_use(how: str) -> None:
    rooms, nodes = rooms_with(prepared("one"), settings=room_record(placement=C)), nodes_with(A, B, C)
    if how == "ended":
        end(nodes, B)
    elif how == "drains":
        drain(nodes, B)
    else:
        nodes.lease_removed("b", 1.0, released=False)
    assert lost(rooms, nodes) == ([] if how == "lease expired" else ["one"])
    end(nodes, A)
    assert (promoted(rooms, nodes), lost(rooms, nodes)) == ([], []), "it is placed again, and loses it by that"
    assert moved(rooms, nodes) == [("one", C)]


def test_the_home_of_a_room_is_where_most_of_its_peers_are_promoted() -> None:
    peers = [prepared("one", standby=B), *(prepared(f"peer-{number}", standby=C) for number in range(2))]
    nodes = nodes_with(A, B, C, D)
    end(nodes, A)
    assert home(rooms_with(*peers), nodes) == C
    assert home(rooms_with(*peers, peer_record("there", placement=D)), nodes) == C
    end(nodes, C)
    assert home(rooms_with(*peers), nodes) == B
    assert home(rooms_with(peer_record("there", placement=D), prepared("other", placement=D)), nodes) == D


def test_whatever_else_moves_a_peer_ends_its_standby() -> None:
    record = prepared("one", producers=1, copies=("p0",))
    assert move_peer(record, C, "op").standby is None
    assert begin_move(record, B, Leaving(placement=A, deadline=1), "op").standby is None


def test_only_the_standby_that_is_named_ends() -> None:
    assert end_standby(prepared("one"), C) is None
    assert end_standby(prepared("one"), B) == peer_record("one")
    assert end_standby(peer_record("one"), B) is None


def test_a_copy_of_a_producer_that_is_gone_does_not_count() -> None:
    record = prepared("one", producers=2, copies=("p1", "p0"))
    left = with_producers(record, record.producers[1:])
    assert left.standby == Standby(placement=B, producers=["p1"])
    assert with_producers(peer_record("one", producers=1), []) == peer_record("one")


def test_the_copy_of_the_rooms_finds_peers_by_their_standby() -> None:
    rooms = rooms_with(prepared("one"), prepared("two", standby=C), peer_record("three"))
    assert (rooms.standby_placements, rooms.standbys_on) == ({B, C}, {B: 1, C: 1})
    assert [peer.peer_id for peer in rooms.prepared_on(C)] == ["two"]
    rooms.apply_peer("r", "two", encoded(prepared("two")), 10, 0.0)
    assert rooms.standbys_on == {B: 2}
    rooms.apply_peer("r", "one", encoded(peer_record("one")), 11, 0.0)
    rooms.apply_peer("r", "two", None, 12, 0.0)
    assert (rooms.standbys_on, list(rooms.prepared_on(B))) == ({}, [])


def test_a_standby_is_expected_to_be_known() -> None:
    assert unknown_placements(rooms_with(prepared("one")), nodes_with(A)) == {B}


def test_a_record_of_an_older_version_has_none() -> None:
    older = peer_record("one").model_dump(by_alias=True, exclude_none=True)
    assert PeerRecord.model_validate(older).standby is None


@pytest.fixture
def store() -> FakeRoomStore:
    """A room on A with two peers that have a standby, and one that has not."""
    store = FakeRoomStore()
    store.store_room("r", room_record())
    store.store_peer(prepared("one", standby=C, producers=2, copies=("p1",)))
    store.store_peer(prepared("two", standby=C))
    store.store_peer(peer_record("three", producers=1))
    return store


def record(store: FakeRoomStore, peer_id: str) -> PeerRecord:
    peer = store.rooms.find_peer("r", peer_id)
    assert peer is not None
    return peer.record


def room_placement(store: FakeRoomStore) -> Placement | None:
    room = store.rooms.get("r")
    assert room is not None
    assert room.settings is not None
    return room.settings.placement


async def test_one_pass_promotes_and_moves(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C)
    end(nodes, A)
    assert await Relocator(store, nodes, 800).run(0)
    one = record(store, "one")
    assert (one.placement, one.standby, [each.producer_id for each in one.producers]) == (C, None, ["p1"])
    assert record(store, "two").placement == C
    three = record(store, "three")
    assert (three.placement, three.producers) == (C, []), "with the others"
    assert room_placement(store) == C


async def test_a_promotion_is_the_first_write(store: FakeRoomStore) -> None:
    """Before the room's: the peer's client sends already."""
    nodes, first = nodes_with(A, B, C), list[tuple[Placement | None, int]]()
    end(nodes, A)

    def look() -> None:
        first.append((room_placement(store), sum(record(store, each).placement == C for each in ("one", "two"))))

    store.after_write = [look]
    assert await Relocator(store, nodes, 800).run(0)
    assert first == [(A, 1)]


async def test_a_promotion_that_loses_to_another_write_is_decided_again_at_once(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C)
    end(nodes, A)

    def pause() -> None:
        for before in (record(store, "one"), record(store, "two")):  # either may be the first
            producers = [each.model_copy(update={"paused": True}) for each in before.producers]
            store.store_peer(before.model_copy(update={"producers": producers}))

    store.before_write = [pause]
    assert await Relocator(store, nodes, 800).run(0)
    assert [(each.producer_id, each.paused) for each in record(store, "one").producers] == [("p1", True)]

    other = record(store, "two").model_copy(update={"standby": Standby(placement=C), "placement": B})
    store.store_peer(other)
    end(nodes, B)
    store.before_write = [lambda: store.store_peer(promote(other, "another replica") or other)]
    assert await Relocator(store, nodes, 800).run(0)
    assert record(store, "two").operation_id == "another replica"


async def test_a_peer_whose_standby_ends_at_the_same_moment_is_placed_in_the_next_pass(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C)
    end(nodes, A)
    store.before_write = [lambda: store.store_peer(end_standby(record(store, "one"), C) or record(store, "one"))]
    assert not await Relocator(store, nodes, 800).run(0)
    assert await Relocator(store, nodes, 800).run(0)
    assert (record(store, "one").placement, record(store, "one").producers) == (C, [])


async def test_a_standby_that_drains_ends_and_its_peer_stays(store: FakeRoomStore) -> None:
    nodes = nodes_with(A, B, C)
    drain(nodes, C)
    assert await Relocator(store, nodes, 800).run(0)
    one = record(store, "one")
    assert (one.placement, one.standby, len(one.producers)) == (A, None, 2)
    written = store.sequence
    assert await Relocator(store, nodes, 800).run(0)
    assert store.sequence == written


async def test_a_peer_that_begins_to_move_loses_its_standby_by_that(store: FakeRoomStore) -> None:
    store.store_peer(record(store, "one").model_copy(update={"make_before_break": True}))
    nodes = nodes_with(A, B, C)
    drain(nodes, A)
    drain(nodes, C)
    assert await Relocator(store, nodes, 800).run(0), "one write for it, not two"
    one = record(store, "one")
    assert (one.placement, one.leaving, one.standby) == (B, Leaving(placement=A, deadline=30_000), None)
    assert (record(store, "two").placement, record(store, "two").standby) == (A, None)
