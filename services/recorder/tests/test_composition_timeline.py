"""What a recording has at a time, who speaks, and where its samples are."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from hubbub_contracts.recording import Gap, RecordedTrack
from hubbub_recorder.domain.active_speaker import HOLD, MIN_INTERVAL, SILENCE, ActiveSpeaker
from hubbub_recorder.domain.composition_timeline import BRIDGE, TAKEOVER_BRIDGE, Timeline
from hubbub_recorder.domain.sample_clock import DEADBAND, JUMP, SampleClock


def track(peer: str, source: str, start: int, end: int | None, **fields: Any) -> RecordedTrack:
    return RecordedTrack(
        file=f"{peer}-{source}-{start}.webm",
        peer_id=peer,
        user_id=peer,
        display_name=fields.pop("name", peer),
        producer_id=f"{peer}-{source}",
        source=source,
        kind="audio" if source.endswith(("microphone", "audio")) else "video",
        codec="opus",
        segment=fields.pop("segment", 0),
        start=start,
        duration=None if end is None else end - start,
        **fields,
    )


def seen(timeline: Timeline, at: int) -> list[str]:
    return [one.video or f"{one.peer_id}: {one.name}" for one in timeline.contents(at)]


def paused(start: int, end: int) -> Gap:
    return Gap(start=start, end=end, cause="paused")


def test_peers_are_present_from_their_first_track_to_their_last() -> None:
    timeline = Timeline(
        [
            track("bob", "microphone", 3_000, 9_000, name="Bob"),
            track("ann", "camera", 1_000, 4_000),
            track("ann", "microphone", 500, 6_000, name="Ann"),
        ]
    )
    assert timeline.duration == 9_000
    assert [seen(timeline, at) for at in (0, 500, 1_000, 3_500, 4_000, 6_000, 9_000)] == [
        [],
        ["ann: Ann"],
        ["ann/camera/video"],
        ["ann/camera/video", "bob: Bob"],
        ["ann: Ann", "bob: Bob"],
        ["bob: Bob"],
        [],
    ]
    changes, at = [], -1
    while (change := timeline.next_change(at)) is not None:
        changes.append(change)
        at = change
    assert changes == [500, 1_000, 3_000, 4_000, 6_000, 9_000]


def test_a_paused_picture_is_taken_away_and_a_lost_one_stays() -> None:
    gaps = [
        paused(2_000, 3_000),
        Gap(start=5_000, end=8_000, cause="lost"),
        Gap(start=8_500, end=9_000, cause="silent"),
    ]
    timeline = Timeline([track("ann", "camera", 0, 10_000, gaps=gaps, name="Ann")])
    assert [seen(timeline, at) for at in (1_999, 2_000, 2_999, 3_000, 6_000, 8_700)] == [
        ["ann/camera/video"],
        ["ann: Ann"],
        ["ann: Ann"],
        ["ann/camera/video"],
        ["ann/camera/video"],
        ["ann/camera/video"],
    ]


@pytest.mark.parametrize(
    ("segment", "pause", "stays"),
    [
        (0, BRIDGE, True),
        (0, BRIDGE + 1, False),
        (1, TAKEOVER_BRIDGE, True),
        (1, TAKEOVER_BRIDGE + 1, False),
    ],
)
def test_a_short_time_between_two_files_of_a_track_is_bridged(segment: int, pause: int, stays: bool) -> None:
    timeline = Timeline(
        [track("ann", "camera", 0, 1_000), track("ann", "camera", 1_000 + pause, 60_000, segment=segment)]
    )
    assert (seen(timeline, 1_000 + pause // 2) == ["ann/camera/video"]) is stays
    assert len(timeline.lanes) == 1


def test_screens_come_in_the_order_in_which_they_began() -> None:
    timeline = Timeline(
        [
            track("ann", "screen", 4_000, 9_000),
            track("bob", "screen", 2_000, 9_000),
            track("ann", "microphone", 0, 9_000, name="Ann"),
        ]
    )
    assert seen(timeline, 5_000) == ["ann: Ann", "bob: bob", "bob/screen/video", "ann/screen/video"]


def test_a_track_without_a_duration_is_left_out() -> None:
    assert Timeline([track("ann", "camera", 0, None)]).duration == 0


def follow(speaker: ActiveSpeaker, since: int, until: int, **levels: float) -> list[tuple[int, str | None]]:
    """The changes, with levels that stay the same."""
    changes, before = [], speaker.peer_id
    for at in range(since, until, 20):
        after = speaker.update(at, levels)
        if after != before:
            changes.append((at, after))
        before = after
    return changes


def test_who_speaks_first_is_shown_at_once_and_stays_in_silence() -> None:
    speaker = ActiveSpeaker()
    assert follow(speaker, 0, 1_000, ann=SILENCE - 5, bob=SILENCE - 5) == []
    assert follow(speaker, 1_000, 2_000, ann=-30.0) == [(1_000, "ann")]
    assert follow(speaker, 2_000, 9_000) == []
    assert speaker.peer_id == "ann"


def test_another_one_has_to_be_louder_for_a_while() -> None:
    speaker = ActiveSpeaker()
    follow(speaker, 0, 3_000, ann=-30.0)
    assert follow(speaker, 3_000, 3_000 + HOLD, ann=-60.0, bob=-30.0) == [], "a cough changes nothing"
    assert follow(speaker, 3_400, 3_600, ann=-30.0) == []
    changes = follow(speaker, 3_600, 9_000, ann=-60.0, bob=-30.0)
    assert [peer for _, peer in changes] == ["bob"]
    assert 3_600 + HOLD <= changes[0][0] <= 3_600 + 2 * HOLD + 200
    assert follow(speaker, 9_000, 12_000, ann=-28.0, bob=-30.0) == [], "both speak: the picture does not flicker"


def test_pictures_do_not_change_too_often() -> None:
    speaker = ActiveSpeaker()
    times = [0]
    for number in range(20):
        louder, other = ("ann", "bob") if number % 2 else ("bob", "ann")
        times += [at for at, _ in follow(speaker, number * 700, (number + 1) * 700, **{louder: -20.0, other: -70.0})]
    assert len(times) > 3
    assert all(after - before >= MIN_INTERVAL for before, after in itertools.pairwise(times[1:]))


FRAME = 960


def test_frames_with_rounded_times_are_joined() -> None:
    clock = SampleClock()
    places = [clock.place(1_000 + number * FRAME + (-48, 0, 48)[number % 3], FRAME) for number in range(100)]
    assert all(length == FRAME for _, length in places)
    assert [at for at, _ in places] == [952 + number * FRAME for number in range(100)]


def test_a_hole_stays() -> None:
    clock = SampleClock()
    clock.place(0, FRAME)
    assert clock.place(FRAME + JUMP + 1, FRAME) == (FRAME + JUMP + 1, FRAME)
    assert clock.place(100_000, FRAME) == (100_000, FRAME)


def test_a_jump_back_does_not_overlap() -> None:
    clock = SampleClock()
    clock.place(100_000, FRAME)
    assert clock.place(50_000, FRAME)[0] == 100_000 + FRAME


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
def test_a_drift_is_made_up_for_without_a_hole(drift: float) -> None:
    clock, end = SampleClock(), 0
    for number in range(30_000):  # ten minutes
        at = round(number * FRAME * (1 + drift))
        position, length = clock.place(at, FRAME)
        assert position == end
        assert abs(position - at) <= DEADBAND + 5
        assert abs(length - FRAME) <= 4
        end = position + length
