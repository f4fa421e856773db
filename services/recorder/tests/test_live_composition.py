"""A recording is composed while it runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hubbub_contracts.recording import CompositionOptions, Manifest, RecordedTrack, RecordingInfo
from hubbub_recorder.adapters.composing import sources, stage
from hubbub_recorder.adapters.composing.compose import compose
from hubbub_recorder.adapters.composing.job import Composed, Job
from hubbub_recorder.adapters.composing.track_reader import POLL_INTERVAL, GrowingFileReader
from hubbub_recorder.adapters.recording_files import RecordingDirectory
from hubbub_recorder.domain.composition_timeline import Timeline, without_abandoned
from support.composed_file import DARK, Shown, is_like
from support.recorded_tracks import BLUE, GREEN, RED, LiveTracks, Tracks

WITHIN = 20.0


def wait_until(is_true: object) -> None:
    deadline = time.monotonic() + WITHIN
    while not is_true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_file_that_grows_is_read_as_far_as_it_is_written(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    track = tracks.sound("ann", 500, 4_500, 440.0)
    content = (tmp_path / track.file).read_bytes()
    growing, written, is_complete = tmp_path / "growing.webm", len(content) // 2, threading.Event()
    reader = GrowingFileReader(growing, track, is_complete.is_set)
    assert reader.take() is None, "the file does not exist yet"
    growing.write_bytes(content[:written])
    times: list[float] = []

    def take_all() -> bool:
        while (frame := reader.take()) is not None:
            times.append(frame[0])
        return reader.has_ended

    wait_until(lambda: take_all() or len(times) > 50)
    time.sleep(2 * POLL_INTERVAL)
    assert take_all() is False
    half = len(times)
    assert 50 < half < 150
    with growing.open("ab") as file:
        file.write(content[written:])
    wait_until(lambda: take_all() or len(times) == 200)
    assert not reader.has_ended
    is_complete.set()
    wait_until(take_all)
    assert len(times) == 200
    assert times == sorted(times)
    assert times[0] == pytest.approx(500, abs=10)


def test_a_running_recording_is_composed_a_few_seconds_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "STALL", 500)
    files = RecordingDirectory(tmp_path, 0)
    directory = files.create("one")
    tracks = LiveTracks(directory)
    tracks.picture("ann", 300, 6_200, lambda at: RED if at < 1.0 else GREEN, pauses=[(1_500, 5_700)])
    tracks.sound("ann", 300, 6_000, 440.0)
    tracks.picture("bob", 2_000, 6_000, BLUE)
    started_at = time.time()
    info = RecordingInfo(
        recording_id="one", call_id="call", state="recording", audio_only=False, started_at=round(started_at * 1000)
    )

    def on_change(known: list[RecordedTrack]) -> None:
        files.write_manifest(Manifest(recording=info, tracks=known))

    options = CompositionOptions(width=640, height=360)
    job = Job(
        directory=directory,
        started_at=info.started_at,
        is_finished=False,
        tracks=[],
        options=options,
        output="out.mp4",
        poster="out.jpg",
    )
    finished, progress, answers = threading.Event(), list[float](), list[Composed]()
    composing = threading.Thread(target=lambda: answers.append(compose(job, progress.append, finished)))
    composing.start()
    tracks.run(started_at, on_change)
    wait_until(lambda: max(progress, default=0.0) > 0.3)  # it is made before the end
    assert max(progress) < 1
    assert composing.is_alive()
    finished.set()
    composing.join(WITHIN)
    [answer] = answers
    assert abs(answer.duration - 6_200) <= 40
    shown = Shown(directory / "out.mp4")
    expected = {
        (0.8, 320, 180): RED,
        (1.4, 320, 180): GREEN,
        (3.5, 160, 120): DARK,  # she has paused, which no manifest said then
        (2.8, 480, 180): BLUE,
        (5.9, 160, 180): GREEN,
    }
    wrong = {point: found for point, wanted in expected.items() if not is_like(found := shown.colour(*point), wanted)}
    assert wrong == {}
    assert [shown.tones(at) for at in (0.0, 1.0, 3.0, 5.5)] == [set(), {440}, {440}, {440}]


def test_what_nobody_sends_is_not_composed_before_the_end(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    tracks.sound("ann", 0, 1_000, 440.0)
    job = Job(
        directory=tmp_path,
        started_at=round(time.time() * 1000) - 60_000,
        is_finished=False,
        tracks=tracks.tracks,
        options=CompositionOptions(),
        output="out",
        poster="poster",
    )
    finished = threading.Event()
    known = sources.Sources(job, finished)
    assert known.wait_for(900) is False
    waiting = threading.Thread(target=lambda: known.wait_for(1_100))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive(), "the recording may go on"
    finished.set()
    waiting.join(WITHIN)
    assert not known.is_live
    assert known.timeline.duration == pytest.approx(1_000, abs=20)


def part(start: int, duration: int | None, source: str = "camera") -> RecordedTrack:
    return RecordedTrack(
        file=f"{source}-{start}.webm",
        peer_id="ann",
        user_id="ann",
        display_name="Ann",
        producer_id=source,
        source=source,
        kind="video",
        codec="vp8",
        segment=0,
        start=start,
        duration=duration,
    )


def test_a_track_that_is_recorded_goes_on() -> None:
    recorded = [part(1_000, None)]
    live = Timeline(recorded, is_live=True)
    assert [one.video for one in live.contents(10**9)] == ["ann/camera/video"]
    assert [one.video for one in live.contents(10**9, frozenset({"ann/camera/video"}))] == [None]
    assert Timeline(recorded).contents(10**9) == []


def test_a_file_whose_writer_failed_ends_where_the_next_one_begins() -> None:
    failed, following, other = part(0, None), part(5_000, None), part(6_000, None, "screen")
    assert without_abandoned([failed, following, other], 5_000) == [failed, following, other], "it may end in order"
    after = without_abandoned([failed, following, other], 5_001)
    assert [one.duration for one in after] == [5_000, None, None]
