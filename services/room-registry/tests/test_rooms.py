"""The copy of the rooms: order, counts and revisions; limits."""

from __future__ import annotations

from hubbub_registry.domain.limits import over_limit
from hubbub_registry.domain.snapshot import snapshot, snapshot_with
from support.registry_records import A, B, encoded, peer_record, room_record, rooms_with


def test_snapshot_lists_peers_in_the_order_of_their_joins() -> None:
    second = peer_record("a").model_copy(update={"joined_at": 2})
    first = peer_record("b").model_copy(update={"joined_at": 1})
    room = rooms_with(second, first).get("r")
    encoded_room = snapshot(room, 9)
    assert encoded_room is not None
    message = encoded_room.decode()
    assert ([peer.peer_id for peer in message.peers], message.revision) == (["b", "a"], 9)


def test_snapshot_of_a_room_without_peers_is_whole() -> None:
    encoded_room = snapshot(rooms_with().get("r"), 9)
    assert encoded_room is not None
    message = encoded_room.decode()
    assert (message.room.room_id, message.peers, message.revision, message.partial) == ("r", [], 9, False)


def test_who_follows_a_room_gets_only_the_peer_that_his_request_wrote() -> None:
    room = rooms_with(peer_record("one"), peer_record("two")).get("r")
    assert room is not None
    written = room.peers["two"].revision
    encoded_room = snapshot_with(room, 99, "two", written - 1)
    assert encoded_room is not None
    answer = encoded_room.decode()
    assert ([peer.peer_id for peer in answer.peers], answer.partial) == (["two"], True)
    assert answer.revision == room.revision
    for known in (None, written, written + 100):  # follows nothing; repeats the request; follows a lost store
        whole = snapshot_with(room, 99, "two", known)
        assert whole == snapshot(room, 99)
        assert whole is not None
        assert not whole.decode().partial


def test_a_record_keeps_the_sequence_of_its_first_write() -> None:
    rooms = rooms_with(peer_record("one"))
    rooms.apply_peer("r", "one", encoded(peer_record("one", producers=1)), 9, 0.0)
    peer = rooms.find_peer("r", "one")
    assert peer is not None
    assert (peer.created, peer.revision) == (2, 9)


def test_removed_records_are_forgotten_and_no_longer_counted() -> None:
    rooms = rooms_with(peer_record("one"))
    assert (rooms.rooms_on[A], rooms.peers_on[A]) == (1, 1)
    rooms.apply_peer("r", "one", encoded(peer_record("one", placement=B)), 5, 0.0)
    assert (rooms.peers_on[A], rooms.peers_on[B]) == (0, 1)
    assert (rooms.count_hosted(A), rooms.count_hosted(B)) == (1, 1)
    rooms.apply_peer("r", "one", None, 6, 0.0)
    rooms.apply_settings("r", None, 7, 0.0)
    rooms.apply_settings("unknown", None, 8, 0.0)
    assert len(rooms) == 0
    assert (dict(rooms.rooms_on), dict(rooms.peers_on), rooms.peer_placements) == ({}, {}, set())


def test_revisions_include_departures_and_leave_out_empty_rooms() -> None:
    rooms = rooms_with(peer_record("one"), peer_record("two"))
    rooms.apply_settings("empty", encoded(room_record("empty")), 10, 0.0)
    rooms.apply_peer("r", "two", None, 11, 0.0)
    assert rooms.revisions() == {"r": 11}


def test_only_earlier_writes_count_against_the_limit() -> None:
    assert not over_limit(2, 5, [3])
    assert not over_limit(2, 5, [3, 6, 7])
    assert over_limit(2, 5, [3, 4])
