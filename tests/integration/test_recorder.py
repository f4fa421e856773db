"""Rooms are recorded over HTTP and by participants, and the files play."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import av
import pytest

from hubbub_client import Call
from hubbub_contracts.recording import Manifest
from hubbub_recorder.domain.track_timeline import SILENCE
from support.client_socket import ClientSocket, Refused
from support.composed_file import Shown
from support.installation import Installation
from support.python_sdk import until
from support.recordings import Recordings, decode
from support.tracks import SAMPLE_RATE, PictureTrack, ToneTrack

CAPABILITIES: dict[str, object] = {"codecs": [], "headerExtensions": []}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a recorder."""
    with Installation(tmp_path_factory.mktemp("recorder"), recorders=1) as running:
        yield running


@pytest.fixture
async def recordings(recorded: Installation) -> AsyncIterator[Recordings]:
    async with aiohttp.ClientSession() as http:
        yield Recordings(recorded, http)


async def test_recording_from_start_to_deletion(
    recorded: Installation, recordings: Recordings, call_id: str, tmp_path: Path
) -> None:
    async with (
        Call(recorded.url, call_id, "Ann", codec="vp8") as ann,
        ClientSocket(recorded.url) as bob,
    ):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        await ann.local.publish(ToneTrack(), "microphone")
        await bob.call("joinRoom", callId=call_id, userId="bob", rtpCapabilities=CAPABILITIES)
        recording_id = await recordings.start(call_id)
        assert await recordings.start(call_id) == recording_id, "a room has one recording"
        started = await bob.event("recordingStarted")
        assert started["recording"]["recordingId"] == recording_id
        async with ClientSocket(recorded.url) as late:
            joined = await late.call("joinRoom", callId=call_id, userId="late", rtpCapabilities=CAPABILITIES)
            assert [one["recordingId"] for one in joined["recordings"]] == [recording_id]
            assert {peer["userId"] for peer in joined["peers"]} == {ann.local.user_id, "bob"}
        await recordings.written(recording_id, 5_000, "camera", "microphone")
        refused = await recordings.ask("DELETE", f"/{recording_id}", status=409)
        assert refused["error"]["code"] == "invalid_state"
        await recordings.ask("POST", f"/{recording_id}/stop")
        stopped = await bob.event("recordingStopped")
        assert (stopped["recordingId"], stopped["reason"]) == (recording_id, "requested")
        manifest = await recordings.finished(recording_id)
    assert manifest.recording.stop_reason == "requested"
    assert {track.source: track.codec for track in manifest.tracks} == {"camera": "vp8", "microphone": "opus"}
    for track in manifest.tracks:
        assert (track.user_id, track.display_name, track.complete) == (ann.local.user_id, "Ann", True)
        shown = decode(recordings.path(recording_id, track))
        assert len(shown) > 10
        assert track.duration is not None
        assert track.start + track.duration > 500
        if track.kind == "video":
            assert {(one.width, one.height) for one in shown} == {(160, 120)}
            assert len({bytes(one.planes[0])[0] // 8 for one in shown}) > 3, "the picture moves"
        else:
            assert sum(one.samples for one in shown) > SAMPLE_RATE / 2
    listed = await recordings.ask("GET", f"?callId={call_id}")
    assert [one["recordingId"] for one in listed["recordings"]] == [recording_id]
    file = manifest.tracks[0].file
    content = recordings.path(recording_id, manifest.tracks[0]).read_bytes()
    async with aiohttp.ClientSession() as http:
        url = f"{recorded.url}/recordings/{recording_id}/files/{file}"
        async with http.get(url) as answer:
            assert await answer.read() == content
        async with http.get(url, headers={"Range": "bytes=100-199"}) as answer:
            assert answer.status == 206
            assert await answer.read() == content[100:200]
    await require_composition(recordings, recording_id, manifest)
    await recordings.ask("DELETE", f"/{recording_id}")
    await recordings.ask("GET", f"/{recording_id}", status=404)
    assert not (recorded.recordings / recording_id).exists()


async def require_composition(recordings: Recordings, recording_id: str, manifest: Manifest) -> None:
    """Composes the recording over HTTP, and downloads the file."""
    body = {"layout": "speaker", "width": 320, "height": 180}
    composition = await recordings.ask("POST", f"/{recording_id}/compositions", json=body, status=202)
    assert composition["state"] == "queued"
    again = await recordings.ask("POST", f"/{recording_id}/compositions", json=body, status=202)
    assert again["compositionId"] == composition["compositionId"]
    made = await recordings.composed(recording_id)
    assert made.error is None
    url = f"{recordings.installation.url}/recordings/{recording_id}/files/"
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}{made.file}", headers={"Range": "bytes=4-7"}) as answer:
            assert (answer.status, answer.headers["content-type"]) == (206, "video/mp4")
            assert await answer.read() == b"ftyp"
        async with http.get(f"{url}{made.file}") as answer:
            content = await answer.read()
        async with http.get(f"{url}{made.poster}") as answer:
            assert (await answer.read())[:2] == b"\xff\xd8"
    assert made.bytes == len(content)
    ends = [track.start + (track.duration or 0) for track in manifest.tracks]
    with av.open(io.BytesIO(content), "r") as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        assert abs((file.duration or 0) / 1000 - max(ends)) <= 40


async def test_a_participant_records_and_a_muted_track_is_a_gap(
    recorded: Installation, recordings: Recordings, call_id: str
) -> None:
    async with (
        Call(recorded.url, call_id, "Ann", codec="h264") as ann,
        ClientSocket(recorded.url) as bob,
    ):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        with pytest.raises(Refused, match="invalid_state"):
            await bob.call("startRecording")
        await bob.call("joinRoom", callId=call_id, userId="bob", rtpCapabilities=CAPABILITIES)
        info = await bob.call("startRecording")
        recording_id = info["recordingId"]
        assert info["startedBy"] == "bob"
        [path] = await recordings.written(recording_id, 3_000, "camera")
        await ann.local.set_muted("camera", True)
        assert path.suffix == ".mkv"
        size = path.stat().st_size
        await bob.event("producerPaused")
        await asyncio.sleep(1.5 * SILENCE / 1_000)
        await ann.local.set_muted("camera", False)
        await bob.event("producerResumed")
        await until(lambda: path.stat().st_size > size + 3_000)
        await bob.call("stopRecording", recordingId=recording_id)
        manifest = await recordings.finished(recording_id)
    [track] = manifest.tracks
    assert track.complete
    # A machine that stands still makes gaps of its own.
    assert "paused" in [gap.cause for gap in track.gaps]
    assert len(decode(recordings.path(recording_id, track))) > 10


async def test_a_recording_is_composed_while_it_runs(
    recorded: Installation, recordings: Recordings, call_id: str
) -> None:
    async with Call(recorded.url, call_id, "Ann", codec="h264") as ann:
        await ann.local.publish(PictureTrack(160, 120), "camera")
        await ann.local.publish(ToneTrack(), "microphone")
        recording_id = await recordings.start(call_id)
        body = {"layout": "grid", "format": "webm", "width": 320, "height": 180}
        await recordings.ask("POST", f"/{recording_id}/compositions", json=body, status=202)

        async def progress() -> float:
            [composition] = (await recordings.manifest(recording_id)).recording.compositions
            assert composition.state in ("queued", "running"), composition
            return composition.progress

        async with asyncio.timeout(60):
            while await progress() == 0:
                await asyncio.sleep(0.1)
        await recordings.ask("POST", f"/{recording_id}/stop")
    manifest = await recordings.finished(recording_id)
    made = await recordings.composed(recording_id)
    assert (made.state, made.error) == ("done", None)
    ends = [track.start + (track.duration or 0) for track in manifest.tracks]
    assert abs((made.duration or 0) - max(ends)) <= 40
    shown = Shown(recorded.recordings / recording_id / str(made.file))
    assert len({int(picture[0].mean()) // 8 for _, picture in shown.pictures}) > 3, "the picture moves"
    assert abs(shown.sound).max() > 0.1


async def test_a_recording_ends_with_its_room(recorded: Installation, recordings: Recordings, call_id: str) -> None:
    async with Call(recorded.url, call_id, "Ann", codec="vp8") as ann:
        await ann.local.publish(ToneTrack(), "microphone")
        recording_id = await recordings.start(call_id, audioOnly=True)
        await recordings.written(recording_id, 1_000, "microphone")
    manifest = await recordings.finished(recording_id)
    assert manifest.recording.stop_reason == "room_closed"
    assert [track.complete for track in manifest.tracks] == [True]


async def test_recordings_are_not_for_strangers(tmp_path: Path) -> None:
    environment = {"API_KEY": "key-of-the-tests-0123456789", "AUTH": "off", "TRUSTED_PROXIES": "127.0.0.1/32"}
    with Installation(tmp_path, recorders=1, environment=environment) as installation:
        async with aiohttp.ClientSession(headers={"X-Forwarded-For": "192.0.2.1"}) as http:
            recordings = Recordings(installation, http)
            for key, status in (({}, 403), ({"Authorization": "Bearer wrong"}, 403)):
                await recordings.ask("GET", headers=key, status=status)
            await recordings.ask("GET", headers={"Authorization": f"Bearer {environment['API_KEY']}"})
            missing = await recordings.ask(
                "POST",
                json={"callId": "no such room"},
                headers={"Authorization": f"Bearer {environment['API_KEY']}"},
                status=404,
            )
            assert missing["error"]["code"] == "room_not_found"
