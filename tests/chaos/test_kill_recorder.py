"""A recorder and a media node are killed while a room is recorded: files play, and the recording goes on."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from hubbub_client import Call
from hubbub_contracts.recording import Manifest
from support.client_socket import ClientSocket
from support.installation import Installation
from support.python_sdk import until
from support.recordings import Recordings, decode
from support.tracks import PictureTrack, ToneTrack

pytestmark = [pytest.mark.chaos, pytest.mark.long]

CAPABILITIES: dict[str, object] = {"codecs": [], "headerExtensions": []}


def require_playable(recordings: Recordings, manifest: Manifest) -> None:
    for track in manifest.tracks:
        assert track.complete, track
        assert len(decode(recordings.path(manifest.recording.recording_id, track))) > 5, track


async def test_another_recorder_goes_on_in_a_new_segment(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, recorders=2, reconnect_grace=30) as installation:
        async with (
            aiohttp.ClientSession() as http,
            Call(installation.url, call_id, "Ann", codec="vp8") as ann,
            ClientSocket(installation.url) as bob,
        ):
            recordings = Recordings(installation, http)
            await bob.call("joinRoom", callId=call_id, userId="bob", rtpCapabilities=CAPABILITIES)
            await ann.local.publish(PictureTrack(160, 120), "camera")
            await ann.local.publish(ToneTrack(), "microphone")
            recording_id = await recordings.start(call_id)
            before = await recordings.written(recording_id, 5_000, "camera", "microphone")
            owner = next(process for process in installation.recorders if "recording started" in process.log_tail(100))
            owner.kill()
            after = before
            while set(after) & set(before):
                after = await recordings.written(recording_id, 5_000, "camera", "microphone")
            assert bob.events("recordingStopped") == [], "for the room it is one recording"
            await recordings.ask("POST", f"/{recording_id}/stop")
            manifest = await recordings.finished(recording_id)
        assert {(track.source, track.segment) for track in manifest.tracks} == {
            ("camera", 0),
            ("microphone", 0),
            ("camera", 1),
            ("microphone", 1),
        }
        require_playable(recordings, manifest)
        ends = {track.source: track.start + (track.duration or 0) for track in manifest.tracks if track.segment == 0}
        for track in manifest.tracks:
            if track.segment == 1:
                assert ends[track.source] < track.start < ends[track.source] + 30_000


async def test_a_recording_goes_on_after_its_media_node_died(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, nodes=2, recorders=1) as installation:
        async with aiohttp.ClientSession() as http, Call(installation.url, call_id, "Ann", codec="vp8") as ann:
            recordings = Recordings(installation, http)
            await ann.local.publish(PictureTrack(160, 120), "camera")
            recording_id = await recordings.start(call_id)
            [before] = await recordings.written(recording_id, 5_000, "camera")
            [busy] = [node for node in installation.nodes if await hosts_a_peer(http, installation, node.name)]
            busy.kill()
            await until(lambda: ann.state == "reconnecting")
            await until(lambda: ann.state == "connected")
            after = before
            while after == before:
                [after] = await recordings.written(recording_id, 5_000, "camera")
            await recordings.ask("POST", f"/{recording_id}/stop")
            manifest = await recordings.finished(recording_id)
        assert [track.segment for track in manifest.tracks] == [0, 0]
        require_playable(recordings, manifest)


async def hosts_a_peer(http: aiohttp.ClientSession, installation: Installation, node: str) -> bool:
    async with http.get(f"{installation.url}/stats") as answer:
        workers = (await answer.json())["workers"]
    return any(worker["nodeId"] == node and worker["peers"] for worker in workers)


async def test_a_composition_is_made_although_its_recorder_is_killed(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, recorders=2, environment={"RECORDING_COMPOSITION": "speaker"}) as installation:
        async with aiohttp.ClientSession() as http:
            recordings = Recordings(installation, http)
            async with Call(installation.url, call_id, "Ann", codec="vp8") as ann:
                await ann.local.publish(PictureTrack(160, 120), "camera")
                await ann.local.publish(ToneTrack(), "microphone")
                recording_id = await recordings.start(call_id)
                await recordings.written(recording_id, 3_000, "camera", "microphone")
                await recordings.ask("POST", f"/{recording_id}/stop")
            await recordings.finished(recording_id)
            await until(lambda: any("composing" in one.log_tail(100) for one in installation.recorders))
            owner = next(process for process in installation.recorders if "composing" in process.log_tail(100))
            owner.kill()
            assert (await recordings.manifest(recording_id)).recording.compositions[0].state == "running"
            made = await recordings.composed(recording_id, 120.0)
        assert (made.state, made.layout) == ("done", "speaker")
        directory = installation.recordings / recording_id
        assert len(decode(directory / str(made.file))) > 30
        assert [path.name for path in directory.iterdir() if path.name.startswith(".")] == []
