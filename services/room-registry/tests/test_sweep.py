"""Unused rooms and peers are removed; rooms and peers in use are kept."""

from __future__ import annotations

import pytest

from hubbub_registry.domain.sweep import SignalingLeaseTracker, orphaned_peers, rooms_to_close, rooms_to_reopen
from hubbub_registry.handlers.sweeper import Sweeper
from support.fake_room_store import FakeRoomStore
from support.registry_records import peer_record, room_record, rooms_with

TTL = GRACE = 30.0


def test_a_room_is_closed_when_it_was_empty_for_its_time_to_live() -> None:
    rooms = rooms_with()
    assert rooms_to_close(rooms, 29.9, TTL) == []
    assert rooms_to_close(rooms, 30.0, TTL) == ["r"]


def test_a_room_that_nobody_joined_is_closed_earlier() -> None:
    rooms = rooms_with(settings=room_record(placement=None))
    assert rooms_to_close(rooms, 14.9, TTL) == []
    assert rooms_to_close(rooms, 15.0, TTL) == ["r"]
    assert rooms_to_close(rooms, 10.0, 10.0) == ["r"]


def test_the_time_to_live_restarts_when_the_last_peer_leaves() -> None:
    rooms = rooms_with(peer_record("one"))
    assert rooms_to_close(rooms, 100.0, TTL) == []
    rooms.apply_peer("r", "one", None, 6, 100.0)
    assert rooms_to_close(rooms, 129.0, TTL) == []
    assert rooms_to_close(rooms, 130.0, TTL) == ["r"]


def test_a_hidden_peer_does_not_keep_its_room_open() -> None:
    rooms = rooms_with(peer_record("one"), peer_record("recorder", role="recorder"))
    assert rooms.counts().peers == 1
    rooms.apply_peer("r", "one", None, 6, 100.0)
    rooms.apply_peer("r", "recorder", None, 7, 110.0)
    assert rooms_to_close(rooms, 129.0, TTL) == []
    assert rooms_to_close(rooms, 130.0, TTL) == ["r"]


def test_an_abandoned_close_is_finished_after_five_seconds() -> None:
    rooms = rooms_with(settings=room_record(closing=True))
    assert rooms_to_close(rooms, 4.9, TTL) == []
    assert rooms_to_close(rooms, 5.0, TTL) == ["r"]


def test_an_abandoned_closing_marker_is_removed_from_a_room_with_peers() -> None:
    rooms = rooms_with(peer_record("one"), settings=room_record(closing=True))
    assert rooms_to_reopen(rooms, 4.9) == []
    assert rooms_to_reopen(rooms, 5.0) == ["r"]


def test_peers_of_a_closed_room_are_orphans_after_five_seconds() -> None:
    rooms = rooms_with(peer_record("one"))
    rooms.apply_settings("r", None, 9, 10.0)
    assert orphaned_peers(rooms, 14.9) == []
    assert [peer.record.peer_id for peer in orphaned_peers(rooms, 15.0)] == ["one"]


def test_peers_are_lost_when_their_instance_has_used_up_its_grace_period() -> None:
    rooms = rooms_with(peer_record("one", signaling_id="gone"), peer_record("two", signaling_id="here"))
    tracker = SignalingLeaseTracker(GRACE)
    assert list(tracker.lost_peers(rooms, {"here": 1}, 0.0)) == []
    assert list(tracker.lost_peers(rooms, {"here": 1}, 29.0)) == []
    assert [peer.record.peer_id for peer in tracker.lost_peers(rooms, {"here": 1}, 30.0)] == ["one"]


def test_the_grace_period_restarts_with_a_lease_and_stands_still_while_none_is_seen() -> None:
    rooms = rooms_with(peer_record("one", signaling_id="gone"))
    tracker = SignalingLeaseTracker(GRACE)
    assert list(tracker.lost_peers(rooms, {}, 0.0)) == []
    assert list(tracker.lost_peers(rooms, {"gone": 1}, 31.0)) == []
    assert list(tracker.lost_peers(rooms, {}, 32.0)) == []
    assert list(tracker.lost_peers(rooms, {}, 61.0)) == []
    tracker.skip()
    assert list(tracker.lost_peers(rooms, {}, 90.0)) == []
    assert len(list(tracker.lost_peers(rooms, {}, 91.0))) == 1


def test_the_lease_of_a_restarted_instance_does_not_keep_the_peers_of_its_former_incarnation() -> None:
    former, present, unknown = (
        peer_record(name, signaling_epoch=epoch) for name, epoch in (("former", 1), ("present", 2), ("unknown", None))
    )
    rooms, tracker = rooms_with(former, present, unknown), SignalingLeaseTracker(GRACE)
    assert list(tracker.lost_peers(rooms, {"s": 2}, 0.0)) == []
    assert [peer.record.peer_id for peer in tracker.lost_peers(rooms, {"s": 2}, 30.0)] == ["former"]
    assert len(list(tracker.lost_peers(rooms, {}, 60.0))) == 1, "the others' period starts when their lease is gone"
    assert len(list(tracker.lost_peers(rooms, {}, 90.0))) == 3


@pytest.fixture
def store() -> FakeRoomStore:
    """An empty room."""
    store = FakeRoomStore()
    store.store_room("r", room_record())
    return store


def sweeper(store: FakeRoomStore) -> Sweeper:
    return Sweeper(store, TTL, GRACE)


async def test_an_empty_room_is_closed(store: FakeRoomStore) -> None:
    await sweeper(store).run({}, TTL, can_detect_failures=True)
    assert store.rooms.get("r") is None


async def test_a_room_with_a_hidden_peer_only_is_closed_and_then_the_peer_is_removed(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("recorder", role="recorder"))
    await sweeper(store).run({"s": 1}, TTL, can_detect_failures=True)
    assert [room_id for room_id, _ in store.rooms.closed] == ["r"]
    await sweeper(store).run({"s": 1}, TTL + 5, can_detect_failures=True)
    assert store.tombstones == {"recorder": "room_closed"}


async def test_a_room_is_reopened_when_a_peer_was_written_before_the_closing_marker(store: FakeRoomStore) -> None:
    store.before_write = [lambda: store.store_peer(peer_record("one"))]
    await sweeper(store).run({"s": 1}, TTL, can_detect_failures=True)
    room = store.rooms.get("r")
    assert room is not None
    assert room.settings is not None
    assert not room.settings.record.closing
    assert list(room.peers) == ["one"]


async def test_a_room_that_was_written_meanwhile_is_kept(store: FakeRoomStore) -> None:
    store.before_write = [lambda: store.store_room("r", room_record())]
    await sweeper(store).run({}, TTL, can_detect_failures=True)
    assert store.rooms.get("r") is not None


async def test_rooms_that_were_created_again_before_their_turn_are_kept(store: FakeRoomStore) -> None:
    store.store_room("another", room_record("another"))

    def create_again() -> None:
        store.now = TTL
        for room_id in ("r", "another"):
            store.store_room(room_id, room_record(room_id))

    store.before_write = [create_again]
    await sweeper(store).run({}, TTL, can_detect_failures=True)
    assert {room_id for room_id, _ in store.rooms} == {"r", "another"}


async def test_orphaned_peers_are_removed(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    store.store_room("r", None)
    await sweeper(store).run({"s": 1}, 5.0, can_detect_failures=True)
    assert store.tombstones == {"one": "room_closed"}


async def test_peers_of_a_lost_instance_are_removed_after_the_grace_period(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    sweeping = sweeper(store)
    await sweeping.run({}, 0.0, can_detect_failures=True)
    assert store.tombstones == {}
    await sweeping.run({}, GRACE, can_detect_failures=True)
    assert store.tombstones == {"one": "signaling_lost"}


async def test_no_peer_is_removed_while_failures_cannot_be_detected(store: FakeRoomStore) -> None:
    store.store_peer(peer_record("one"))
    sweeping = sweeper(store)
    await sweeping.run({}, 0.0, can_detect_failures=True)
    await sweeping.run({}, GRACE, can_detect_failures=False)
    assert store.tombstones == {}
    await sweeping.run({}, GRACE + 1, can_detect_failures=True)
    assert store.tombstones == {"one": "signaling_lost"}


async def test_a_peer_is_removed_although_the_link_hiccups_more_often_than_the_grace_period(
    store: FakeRoomStore,
) -> None:
    store.store_peer(peer_record("one"))
    sweeping, removed_at = sweeper(store), None
    for second in range(int(3 * GRACE)):
        if second % 5 == 0:
            sweeping.skip()
        await sweeping.run({}, float(second), can_detect_failures=second % 5 == 4)
        if store.tombstones and removed_at is None:
            removed_at = second
    assert removed_at is not None
    assert GRACE * 5 / 4 <= removed_at <= GRACE * 5 / 4 + 5
