"""The states of a recording, who completes it, and the pages of the list."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import CompositionOptions, RecordingState
from hubbub_recorder.domain.composition import changed, claimed, failed, requested
from hubbub_recorder.domain.recording import finished, has_expired, stopped, taken_over
from hubbub_recorder.domain.recordings import Recordings, StoredRecording
from support.recorder_fakes import recording_record

STATES: tuple[RecordingState, ...] = ("recording", "processing", "finished")


def record(recording_id: str = "one", state: RecordingState = "recording", started_at: int = 100) -> RecordingRecord:
    stopped_at = None if state == "recording" else 1_000
    return recording_record(recording_id=recording_id, state=state, started_at=started_at, stopped_at=stopped_at)


def stored(one: RecordingRecord, key: str | None = None) -> StoredRecording:
    return StoredRecording(key or one.recording_id, one, 1)


@pytest.mark.parametrize("state", STATES)
def test_each_state_allows_one_transition(state: RecordingState) -> None:
    before = record(state=state)
    if state == "recording":
        after = stopped(before, "disk_full", 500)
        assert (after.state, after.stopped_at, after.stop_reason) == ("processing", 500, "disk_full")
    else:
        with pytest.raises(ValueError, match=state):
            stopped(before, "requested", 500)
    if state == "processing":
        assert finished(before).state == "finished"
    else:
        with pytest.raises(ValueError, match=state):
            finished(before)


def test_a_takeover_begins_a_new_segment() -> None:
    after = taken_over(record(), "there", 9)
    assert (after.recorder_id, after.recorder_epoch, after.segment, after.state) == ("there", 9, 1, "recording")


@pytest.mark.parametrize(
    ("state", "retention", "now", "expired"),
    [
        ("finished", 10.0, 10_999, False),
        ("finished", 10.0, 11_000, True),
        ("finished", None, 10**12, False),
        ("processing", 10.0, 10**12, False),
        ("recording", 10.0, 10**12, False),
    ],
)
def test_finished_recordings_expire(state: RecordingState, retention: float | None, now: int, expired: bool) -> None:
    assert has_expired(record(state=state), retention, now) is expired


def test_a_recording_at_two_keys_has_the_later_state() -> None:
    recordings = Recordings()
    recordings.put(stored(record(), "live.room"))
    recordings.put(stored(record(state="processing"), "done.one"))
    found = recordings.find("one")
    assert found is not None
    assert found.key == "done.one"
    recordings.remove("done.one")
    recordings.remove("unknown")
    assert recordings.find("one") == recordings.at("live.room")
    recordings.remove("live.room")
    assert recordings.find("one") is None


def test_recordings_without_a_lease_of_their_recorder_are_orphans() -> None:
    recordings = Recordings()
    recordings.put(stored(record("running")))
    recordings.put(stored(record("done", state="finished")))
    assert [one.key for one in recordings.orphaned({"here": 7})] == []
    assert [one.key for one in recordings.orphaned({"here": 8})] == ["running"], "it was restarted"
    assert [one.key for one in recordings.orphaned({})] == ["running"]


def test_recordings_with_compositions_to_make_are_known() -> None:
    recordings = Recordings()
    waiting, _ = requested(record(state="finished"), "composition", CompositionOptions(), 1)
    running = changed(waiting, "composition", claimed("here", 7))
    ended = changed(running, "composition", failed("broken"))
    known = []
    for one in (record(state="finished"), waiting, running, ended, waiting):
        recordings.put(stored(one))
        known.append([each.record for each in recordings.to_compose()])
    assert known == [[], [waiting], [running], [], [waiting]]
    recordings.remove("one")
    assert recordings.to_compose() == []


def test_the_list_has_pages_newest_first() -> None:
    recordings = Recordings()
    for number in range(5):
        recordings.put(stored(record(f"r{number}", started_at=100 + number)))
    first, before = recordings.page(None, None, None, 2)
    assert [one.recording_id for one in first] == ["r4", "r3"]
    second, before = recordings.page(None, "call", before, 2)
    assert [one.recording_id for one in second] == ["r2", "r1"]
    third, end = recordings.page(None, None, before, 2)
    assert ([one.recording_id for one in third], end) == (["r0"], None)
    assert recordings.page(None, "another", None, 2) == ([], None)
