"""What a replica concludes from the records."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat, WorkerLoad
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_registry.domain.limits import stands_behind
from hubbub_registry.domain.liveness import Patience
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.producers import added, paused, removed
from hubbub_registry.domain.replacement import moved, peer_moves, room_moves, unknown_homes
from hubbub_registry.domain.room_state import Rooms, snapshot
from hubbub_registry.domain.sweep import LostSignaling, empty_rooms, half_closed, orphans

A, B = Placement(node_id="a", epoch=1), Placement(node_id="b", epoch=2)


def room(room_id: str = "r", placement: Placement | None = A, *, closing: bool = False) -> RoomRecord:
    return RoomRecord(
        room_id=room_id, call_id="c", codec_profile="v1", created_at=0, placement=placement, closing=closing
    )


def peer(
    peer_id: str, room_id: str = "r", placement: Placement | None = A, signaling_id: str = "s", producers: int = 0
) -> PeerRecord:
    return PeerRecord(
        room_id=room_id,
        peer_id=peer_id,
        user_id="u",
        display_name="U",
        app_data={},
        joined_at=0,
        signaling_id=signaling_id,
        placement=placement,
        producers=[
            ProducerRecord(producer_id=f"p{n}", kind="audio", app_data={}, paused=False) for n in range(producers)
        ],
    )


def rooms_of(*peers: PeerRecord, settings: RoomRecord | None = None) -> Rooms:
    rooms = Rooms()
    rooms.apply_settings("r", settings or room(), 1, 0.0)
    for revision, record in enumerate(peers, 2):
        rooms.apply_peer(record.room_id, record.peer_id, record, revision, 0.0)
    return rooms


def nodes_of(*placements: Placement, cpu: dict[str, float] | None = None) -> Nodes:
    nodes = Nodes(Patience())
    for placement in placements:
        nodes.lease_stored(
            placement.node_id, LeaseRecord(holder=placement.node_id, instance="i", epoch=placement.epoch), 0.0
        )
        worker = WorkerLoad(
            index=0,
            cpu=(cpu or {}).get(placement.node_id, 0.0),
            packets_per_second=0.0,
            rooms=0,
            peers=0,
            transports=0,
            producers=0,
            consumers=0,
        )
        nodes.beat(
            NodeHeartbeat(
                node_id=placement.node_id,
                epoch=placement.epoch,
                sent_at=0,
                draining=False,
                leased=True,
                workers=[worker],
            ),
            0.0,
            0,
        )
    return nodes


def test_a_peers_place_in_the_order_is_that_of_its_first_write() -> None:
    rooms = rooms_of(peer("one"), peer("two"))
    rooms.apply_peer("r", "one", peer("one", producers=1), 9, 0.0)
    there = rooms.get("r")
    assert there is not None
    told = snapshot(there, 9)
    assert told is not None
    assert [(record.peer_id, len(record.producers)) for record in told.peers] == [("one", 1), ("two", 0)]
    assert (there.peers["one"].since, there.peers["one"].revision) == (2, 9)


def test_what_is_gone_is_forgotten_and_counted_no_more() -> None:
    rooms = rooms_of(peer("one"))
    assert (rooms.rooms_on[A], rooms.peers_on[A]) == (1, 1)
    rooms.apply_peer("r", "one", peer("one", placement=B), 5, 0.0)
    assert (rooms.peers_on[A], rooms.peers_on[B]) == (0, 1)
    rooms.apply_peer("r", "one", None, 6, 0.0)
    rooms.apply_settings("r", None, 7, 0.0)
    rooms.apply_settings("never-there", None, 8, 0.0)
    assert len(rooms) == 0
    assert (dict(rooms.rooms_on), dict(rooms.peers_on)) == ({}, {})


def test_revisions_are_told_of_rooms_with_peers_and_count_departures() -> None:
    rooms = rooms_of(peer("one"), peer("two"))
    rooms.apply_settings("empty", room("empty"), 10, 0.0)
    rooms.apply_peer("r", "two", None, 11, 0.0)
    assert rooms.revisions() == {"r": 11}


def test_who_stands_behind_a_limit_is_out() -> None:
    assert not stands_behind(2, 5, [3])
    assert not stands_behind(2, 5, [3, 6, 7])
    assert stands_behind(2, 5, [3, 4])


def test_rooms_go_to_the_least_loaded_node_counting_those_just_placed() -> None:
    placer = Placer(nodes_of(A, B).candidates(), Rooms())
    homes = [placer.place(3) for _ in range(10)]
    assert (homes.count(A), homes.count(B)) == (5, 5)
    busy = Placer(nodes_of(A, B, cpu={"a": 0.9}).candidates(), Rooms())
    assert [busy.place() for _ in range(5)] == [B] * 5
    assert Placer([], Rooms()).place() is None


def test_a_room_moves_when_its_home_is_over_and_its_peers_after_it() -> None:
    rooms = rooms_of(peer("one", producers=2), peer("two"))
    nodes = nodes_of(A, B)
    assert list(room_moves(rooms, nodes)) == []
    nodes.lease_gone("a", 1.0, released=True)
    (move,) = room_moves(rooms, nodes)
    assert (move.settings.revision, move.home) == (1, B)
    assert list(peer_moves(rooms, nodes)) == [], "not before the room has its home"
    rooms.apply_settings("r", room(placement=B), 10, 0.0)
    assert [(follow.peer.record.peer_id, follow.home) for follow in peer_moves(rooms, nodes)] == [
        ("one", B),
        ("two", B),
    ]
    after = moved(peer("one", producers=2), B, "op")
    assert (after.placement, after.producers) == (B, [])
    rooms.apply_peer("r", "one", after, 11, 0.0)
    assert [follow.peer.record.peer_id for follow in peer_moves(rooms, nodes)] == ["two"]


def test_without_any_node_a_room_is_unplaced_once_and_empty_rooms_are_left_alone() -> None:
    nodes = nodes_of(A)
    nodes.lease_gone("a", 1.0, released=True)
    rooms = rooms_of(peer("one"))
    (move,) = room_moves(rooms, nodes)
    assert move.home is None
    rooms.apply_settings("r", room(placement=None), 10, 0.0)
    assert list(room_moves(rooms, nodes)) == []
    assert [follow.home for follow in peer_moves(rooms, nodes)] == [None]
    assert list(room_moves(rooms_of(), nodes)) == []


def test_a_home_that_nobody_knows_is_asked_after() -> None:
    assert unknown_homes(rooms_of(peer("one")), Nodes(Patience())) == {A}
    assert unknown_homes(rooms_of(peer("one")), nodes_of(A)) == set()
    assert unknown_homes(rooms_of(), Nodes(Patience())) == set()


def test_rooms_are_empty_from_their_last_peer_or_write_on() -> None:
    rooms = rooms_of()
    assert empty_rooms(rooms, 29.9, 30) == []
    assert empty_rooms(rooms, 30.0, 30) == ["r"]
    rooms.apply_peer("r", "one", peer("one"), 5, 31.0)
    assert empty_rooms(rooms, 100.0, 30) == []
    rooms.apply_peer("r", "one", None, 6, 100.0)
    assert empty_rooms(rooms, 129.0, 30) == []
    assert empty_rooms(rooms, 130.0, 30) == ["r"]


def test_what_another_replica_began_and_left_is_ended() -> None:
    closing = rooms_of(settings=room(closing=True))
    assert empty_rooms(closing, 4.9, 30) == []
    assert empty_rooms(closing, 5.0, 30) == ["r"]
    kept = rooms_of(peer("one"), settings=room(closing=True))
    assert half_closed(kept, 5.0) == ["r"]
    left = rooms_of(peer("one"))
    left.apply_settings("r", None, 9, 10.0)
    assert orphans(left, 14.9) == []
    assert [held.record.peer_id for held in orphans(left, 15.0)] == ["one"]


def test_a_lost_instance_has_time_to_come_back() -> None:
    rooms = rooms_of(peer("one", signaling_id="gone"), peer("two", signaling_id="here"))
    lost = LostSignaling(30)
    assert list(lost.lost_peers(rooms, {"here"}, 0.0)) == []
    assert list(lost.lost_peers(rooms, {"here"}, 29.0)) == []
    assert [held.record.peer_id for held in lost.lost_peers(rooms, {"here"}, 30.0)] == ["one"]
    assert list(lost.lost_peers(rooms, {"here", "gone"}, 31.0)) == []
    assert list(lost.lost_peers(rooms, {"here"}, 32.0)) == [], "the time begins anew"
    lost.forgive()
    assert list(lost.lost_peers(rooms, {"here"}, 63.0)) == []


def adding(producer_id: str = "new", placement: Placement | None = A) -> AddProducer:
    return AddProducer(
        room_id="r",
        peer_id="one",
        producer_id=producer_id,
        kind="audio",
        app_data={},
        paused=False,
        placement=placement,
    )


def test_producers_are_added_once_within_the_limit_where_the_peer_lives() -> None:
    record = peer("one", producers=2)
    after = added(record, adding(), 3)
    assert after is not None
    assert [producer.producer_id for producer in after] == ["p0", "p1", "new"]
    assert added(record, adding("p1"), 2) is None
    for message, limit, code in (
        (adding(), 2, ErrorCode.QUOTA_EXCEEDED),
        (adding(placement=B), 3, ErrorCode.INVALID_STATE),
        (adding("p1").model_copy(update={"kind": "video"}), 3, ErrorCode.CONFLICT),
    ):
        with pytest.raises(HubbubError) as caught:
            added(record, message, limit)
        assert caught.value.code is code


def test_pausing_and_removing_say_when_nothing_changes() -> None:
    record = peer("one", producers=2)
    after = paused(record, "p1", is_paused=True)
    assert after is not None
    assert [producer.paused for producer in after] == [False, True]
    assert paused(record, "p1", is_paused=False) is None
    with pytest.raises(HubbubError):
        paused(record, "nothing", is_paused=True)
    assert removed(record, ["nothing"]) is None
    left = removed(record, ["p0", "nothing"])
    assert left is not None
    assert [producer.producer_id for producer in left] == ["p1"]
