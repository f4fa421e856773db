"""Composed files of real tracks: what is seen where, what is heard when, and that both stay together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hubbub_contracts.recording import CompositionOptions
from hubbub_recorder.adapters.composing import track_reader
from hubbub_recorder.adapters.composing.audio_source import AudioSource, mixed, stretched
from hubbub_recorder.adapters.composing.compose import NothingToCompose, compose
from hubbub_recorder.adapters.composing.job import Composed, Job
from hubbub_recorder.adapters.composing.labels import BACKGROUND, MAX_NAME, Labels, drawable
from hubbub_recorder.adapters.composing.lane_reader import LaneReader
from hubbub_recorder.adapters.composing.track_reader import FileReader
from support.composed_file import DARK, RATE, Shown, is_like
from support.recorded_tracks import BLACK, BLUE, GREEN, RED, WHITE, Colour, Tracks


def make(tracks: Tracks, **options: Any) -> Shown:
    wanted = CompositionOptions(**{"width": 640, "height": 360, **options})
    job = Job(
        directory=tracks.directory,
        started_at=0,
        is_finished=True,
        tracks=tracks.tracks,
        options=wanted,
        output=f"out.{wanted.format}",
        poster="out.jpg",
    )
    answer = compose(job, lambda _progress: None)
    shown = Shown(tracks.directory / job.output)
    expected = max(track.start + (track.duration or 0) for track in tracks.tracks) / 1000
    assert answer == Composed(duration=answer.duration, has_poster=not wanted.audio_only)
    assert abs(answer.duration / 1000 - expected) <= 0.040
    assert abs(shown.duration - expected) <= 0.040
    return shown


def beep(times: Sequence[tuple[float, float]], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tone between these times."""
    is_on = np.any([(at >= first) & (at < last) for first, last in times], axis=0)
    return np.where(is_on, 0.5 * np.sin(6_000 * at), 0.0)


@pytest.fixture
def meeting(tmp_path: Path) -> Tracks:
    """Ann pauses for a second, Bob comes late with an upright camera, and Ann shares her screen."""
    tracks = Tracks(tmp_path)
    tracks.picture("ann", 200, 5_000, RED, pauses=[(1_500, 2_500)])
    tracks.sound("ann", 200, 5_000, 440.0, pauses=[(1_500, 2_500)])
    tracks.picture("bob", 2_000, 5_000, BLUE, size=(180, 320), codec="h264")
    tracks.sound("bob", 2_000, 5_000, 880.0)
    tracks.picture("ann", 3_500, 4_500, GREEN, source="screen", size=(320, 200), codec="vp9")
    return tracks


@pytest.mark.parametrize(
    ("file_format", "codecs"), [("mp4", ["h264", "aac"]), ("webm", ["vp9", "opus"])], ids=["mp4", "webm"]
)
def test_a_grid_shows_everybody_in_their_time(meeting: Tracks, file_format: str, codecs: list[str]) -> None:
    shown = make(meeting, format=file_format)
    assert [name.removeprefix("lib") for name in shown.codecs] == codecs
    expected = {
        (0.1, 320, 180): BLACK,  # nobody
        (1.0, 320, 180): RED,  # Ann
        (1.8, 320, 60): DARK,  # Ann has paused
        (2.3, 160, 120): DARK,  # she still does, and Bob is here
        (2.3, 480, 180): BLUE,
        (3.0, 160, 180): RED,
        (3.0, 160, 60): BLACK,  # above the tile
        (3.0, 400, 180): BLACK,  # beside Bob's upright picture
        (3.0, 480, 180): BLUE,
        (4.0, 256, 180): GREEN,  # the screen
        (4.0, 576, 146): RED,
        (4.0, 576, 218): BLUE,
        (4.8, 160, 180): RED,
        (4.8, 480, 180): BLUE,
    }
    wrong = {
        point: (found, wanted)
        for point, wanted in expected.items()
        if not is_like(found := shown.colour(*point), wanted)
    }
    assert wrong == {}
    heard = [shown.tones(at) for at in (0.0, 1.0, 1.7, 2.2, 3.0)]
    assert heard == [set(), {440}, set(), {880}, {440, 880}]
    with Image.open(meeting.directory / "out.jpg") as poster:
        assert poster.size == (640, 360)
        red, green, blue = poster.convert("RGB").getpixel((320, 180))  # type: ignore[misc]
        assert red > 200 > 60 > max(green, blue)


def test_a_web_server_can_stream_the_mp4(meeting: Tracks) -> None:
    make(meeting)
    content = (meeting.directory / "out.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat"), "the index comes first"


def test_who_speaks_is_large(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    for peer, colour, first, last in (("ann", RED, 0.5, 2.5), ("bob", BLUE, 2.5, 4.5)):
        tracks.picture(peer, 0, 5_000, colour)
        tracks.sound(peer, 0, 5_000, partial(beep, [(first, last)]))
    shown = make(tracks, layout="speaker")
    large, small = (256, 180), (576, 180)
    for at, wanted in ((2.0, (RED, BLUE)), (4.0, (BLUE, RED)), (4.9, (BLUE, RED))):
        found = (shown.colour(at, *large), shown.colour(at, *small))
        assert all(map(is_like, found, wanted)), (at, found)


@pytest.mark.parametrize("file_format", ["mp4", "webm"])
def test_flash_and_click_stay_together(tmp_path: Path, file_format: str) -> None:
    events = (1.0, 2.5, 4.0)
    tracks = Tracks(tmp_path)

    def flash(at: float) -> Colour:
        return WHITE if any(event <= at < event + 0.2 for event in events) else BLACK

    tracks.picture("ann", 137, 5_000, flash)
    tracks.sound("ann", 222, 5_000, partial(beep, [(event, event + 0.2) for event in events]))
    shown = make(tracks, format=file_format)
    light = [(at, float(np.mean(planes[0])) > 100) for at, planes in shown.pictures]
    flashes = [at for (_, before), (at, after) in itertools.pairwise(light) if after and not before]
    loud = np.nonzero(np.abs(shown.sound) > 0.2)[0] / RATE
    clicks = [loud[0], *loud[1:][np.diff(loud) > 0.5]]
    for event, seen, heard in zip(events, flashes, clicks, strict=True):
        assert abs(seen - event) <= 0.040, "against the recording"
        assert abs(heard - event) <= 0.040
        assert abs(seen - heard) <= 0.040


def test_only_the_sound(meeting: Tracks) -> None:
    shown = make(meeting, audio_only=True)
    assert shown.codecs == ["aac"]
    assert shown.tones(3.0) == {440, 880}
    assert not (meeting.directory / "out.jpg").exists()


def test_a_track_goes_on_in_another_file(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    tracks.picture("ann", 0, 1_000, RED)
    tracks.picture("ann", 3_000, 4_000, GREEN, segment=1, size=(160, 120))
    shown = make(tracks)
    colours = [shown.colour(at, 320, 180) for at in (0.5, 2.0, 3.5)]
    assert all(map(is_like, colours, (RED, RED, GREEN))), colours
    assert is_like(shown.colour(3.5, 20, 180), BLACK), "another aspect ratio"


def test_a_damaged_file_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    damaged = tracks.picture("ann", 0, 2_000, RED)
    tracks.picture("bob", 0, 2_000, BLUE)
    path = tmp_path / damaged.file
    content = path.read_bytes()
    path.write_bytes(content[:600] + bytes(len(content) - 600))
    missing = tracks.sound("ann", 0, 2_000, 440.0)
    (tmp_path / missing.file).unlink()
    shown = make(tracks)
    assert is_like(shown.colour(1.0, 480, 180), BLUE)


@pytest.mark.parametrize("file_format", ["mp4", "webm"])
def test_a_full_disk_is_an_error(meeting: Tracks, file_format: str) -> None:
    (meeting.directory / f"out.{file_format}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        make(meeting, format=file_format)


def test_a_picture_that_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = Tracks(tmp_path)
    tracks.picture("ann", 0, 1_000, RED, size=(640, 360))
    tracks.picture("bob", 0, 1_000, BLUE, size=(160, 90))
    monkeypatch.setattr(track_reader, "MAX_PIXELS", 320 * 180)
    shown = make(tracks)
    assert is_like(shown.colour(0.5, 160, 120), DARK)
    assert is_like(shown.colour(0.5, 480, 180), BLUE)


def test_a_file_without_a_duration_is_measured(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    track = tracks.sound("ann", 500, 2_000, 440.0)
    unfinished = track.model_copy(update={"duration": None, "complete": False})
    options = CompositionOptions(audio_only=True)
    job = Job(
        directory=tmp_path,
        started_at=0,
        is_finished=True,
        tracks=[unfinished],
        options=options,
        output="out.mp4",
        poster="out.jpg",
    )
    assert abs(compose(job, lambda _progress: None).duration - 2_000) <= 40
    (tmp_path / track.file).write_bytes(b"")
    with pytest.raises(NothingToCompose):
        compose(job, lambda _progress: None)


def test_a_source_keeps_little_of_a_long_track(tmp_path: Path) -> None:
    tracks = Tracks(tmp_path)
    tracks.sound("ann", 0, 20_000, 440.0)
    reader = LaneReader(lambda track: FileReader(tmp_path / track.file, track))
    reader.add(tracks.tracks)
    source, most = AudioSource(reader), 0
    for number in range(600):
        block = source.read(number * 1_600, 1_600)
        assert block is not None
        most = max(most, sum(samples.shape[1] for _, samples in source._pending))
    assert most < 3 * 1_600


def test_loud_voices_are_mixed_without_clipping() -> None:
    quiet = np.full((2, 10), 0.3, np.float32)
    assert np.allclose(mixed([quiet, quiet], 10), 0.6)
    loud = mixed([np.full((2, 10), -0.9, np.float32)] * 5, 10)
    assert np.all((loud >= -1.0) & (loud < -0.9))
    assert mixed([], 10).shape == (2, 10)


def test_a_stretched_frame_keeps_its_shape() -> None:
    wave = np.stack([np.sin(np.arange(960) / 20)] * 2).astype(np.float32)
    for length in (956, 964):
        assert np.allclose(stretched(wave, length), np.sin(np.linspace(0, 959, length) / 20), atol=0.01)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Ann",
        "Zoë O'Hara",
        "山田太郎",
        "مرحبا",
        "\u202eevil\u202c",
        "a\nb\x00\ud800",
        "👩‍👩‍👧",
        "Z" + "\u0300" * 500,
        "W" * 5_000,
        "\u2028" * 10,
    ],
)
def test_any_name_is_drawn_within_its_bounds(name: str) -> None:
    assert len(drawable(name)) <= MAX_NAME
    for width, height in ((320, 30), (40, 18), (4, 18)):
        label = Labels(None).label(name, width, height)
        assert label.shape[0] == height
        assert label.shape[1] <= width
        assert label.shape[1] % 2 == 0


def test_a_name_is_visible() -> None:
    label = Labels(None).label("Ann", 320, 30)
    assert label.max() > 200
    assert label.min() == BACKGROUND
