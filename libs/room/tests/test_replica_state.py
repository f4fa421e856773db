"""Changes are applied in order, stale snapshots are refused, and newer changes are merged into a snapshot."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_room import FeedChange, PeerChanged, SettingsChanged
from hubbub_room.replica_state import MAX_STALE_SNAPSHOTS, ReplicaState

SETTINGS = RoomRecord(room_id="room", call_id="call", codec_profile="v1", created_at=0)


def peer(peer_id: str, display_name: str = "") -> PeerRecord:
    return PeerRecord(
        room_id="room",
        peer_id=peer_id,
        user_id="user",
        display_name=display_name,
        app_data={},
        joined_at=0,
        signaling_id="signaling",
    )


def snapshot(revision: int, *peer_ids: str) -> RoomSnapshot:
    return RoomSnapshot(room=SETTINGS, peers=[peer(each) for each in peer_ids], revision=revision)


def fresh_at(revision: int) -> ReplicaState:
    state = ReplicaState()
    state.merge(snapshot(revision))
    state.complete()
    return state


@pytest.mark.parametrize(
    ("sequence", "is_new"), [(9, False), (10, False), (11, True)], ids=["reordered", "duplicate", "newer"]
)
def test_only_a_change_newer_than_the_revision_is_applied(sequence: int, is_new: bool) -> None:
    state = fresh_at(10)
    assert state.advance(PeerChanged(sequence, "a", peer("a"), "")) is is_new
    assert state.revision == max(10, sequence)


@pytest.mark.parametrize(
    ("changes", "peers"),
    [
        ([PeerChanged(11, "b", peer("b"), "")], {"a", "b"}),
        ([PeerChanged(11, "a", None, "left")], set()),
        ([PeerChanged(9, "b", peer("b"), "")], {"a"}),
        ([PeerChanged(10, "a", None, "left")], {"a"}),
        ([PeerChanged(11, "b", peer("b"), ""), PeerChanged(12, "b", None, "left")], {"a"}),
        ([PeerChanged(11, "a", None, "left"), PeerChanged(12, "a", peer("a"), "")], {"a"}),
    ],
    ids=["joined", "left", "in the snapshot", "left before the snapshot", "joined and left", "left and returned"],
)
def test_changes_newer_than_the_snapshot_are_merged_into_it(changes: list[FeedChange], peers: set[str]) -> None:
    state = ReplicaState()
    for change in changes:
        assert state.advance(change)
    merged = state.merge(snapshot(10, "a"))
    assert set(merged.peers) == peers
    assert merged.revision == state.revision == max(10, *(change.sequence for change in changes))


@pytest.mark.parametrize(
    ("changes", "call_id"),
    [
        ([SettingsChanged(11, SETTINGS.model_copy(update={"call_id": "later"}), "")], "later"),
        ([SettingsChanged(11, None, "closed")], None),
        ([SettingsChanged(11, None, "closed"), SettingsChanged(12, SETTINGS, "")], "call"),
        ([SettingsChanged(10, None, "closed")], "call"),
    ],
    ids=["changed", "removed", "removed and created again", "removed before the snapshot"],
)
def test_settings_newer_than_the_snapshot_are_merged_into_it(changes: list[FeedChange], call_id: str | None) -> None:
    state = ReplicaState()
    for change in changes:
        state.advance(change)
    room = state.merge(snapshot(10)).room
    assert (room and room.call_id) == call_id


def test_changes_before_a_gap_are_not_merged() -> None:
    state = ReplicaState()
    state.advance(PeerChanged(11, "b", peer("b"), ""))
    state.gap()
    assert set(state.merge(snapshot(10, "a")).peers) == {"a"}


def test_changes_of_a_fresh_replica_are_not_merged_after_a_later_gap() -> None:
    state = fresh_at(10)
    state.advance(PeerChanged(12, "b", peer("b"), ""))
    state.gap()
    assert state.merge(snapshot(11, "a")).peers.keys() == {"a"}


def test_a_gap_ends_freshness_until_a_snapshot_completes_it() -> None:
    state = fresh_at(10)
    state.gap()
    assert not state.fresh
    state.merge(snapshot(11))
    state.complete()
    assert state.fresh


def test_a_stale_snapshot_is_refused_until_the_registry_has_repeated_it() -> None:
    state = fresh_at(10)
    refused = [state.accepts(snapshot(9), requested_at=10) for _ in range(MAX_STALE_SNAPSHOTS)]
    assert not any(refused)
    assert state.accepts(snapshot(9), requested_at=10)


def test_a_snapshot_as_old_as_its_request_is_accepted_though_a_change_came_meanwhile() -> None:
    state = fresh_at(10)
    state.gap()
    state.advance(PeerChanged(11, "b", peer("b"), ""))
    assert state.accepts(snapshot(10), requested_at=10)


def test_an_older_snapshot_lowers_the_revision_so_that_later_changes_are_applied() -> None:
    state = fresh_at(10)
    state.gap()
    state.merge(snapshot(3))
    state.complete()
    assert state.advance(PeerChanged(4, "a", peer("a"), ""))


@pytest.mark.parametrize(
    ("announcements", "behind"),
    [([10, 10], False), ([11], False), ([11, 11], True), ([9, 11], False), ([11, 12], True)],
)
def test_a_replica_is_behind_when_two_announcements_are_ahead_of_it(announcements: list[int], behind: bool) -> None:
    state = fresh_at(10)
    assert [state.is_behind(each) for each in announcements][-1] is behind


def test_a_change_that_arrives_between_two_announcements_was_not_missed() -> None:
    state = fresh_at(10)
    assert not state.is_behind(11)
    state.advance(PeerChanged(11, "a", peer("a"), ""))
    assert not state.is_behind(11)


def test_announcements_are_ignored_while_a_snapshot_is_awaited() -> None:
    state = fresh_at(10)
    state.gap()
    assert [state.is_behind(11), state.is_behind(11)] == [False, False]


def test_a_gap_forgets_earlier_announcements() -> None:
    state = fresh_at(10)
    assert not state.is_behind(12)
    state.gap()
    state.merge(snapshot(3))
    state.complete()
    assert not state.is_behind(3)


def test_a_gap_restarts_the_count_of_stale_snapshots() -> None:
    state = fresh_at(10)
    for _ in range(MAX_STALE_SNAPSHOTS):
        state.accepts(snapshot(9), requested_at=10)
    state.gap()
    assert not state.accepts(snapshot(9), requested_at=10)
