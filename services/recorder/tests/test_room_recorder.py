"""The recordings of an instance, with real files and writer processes, and captured streams instead of a room."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import pytest

from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.captions import CaptionChanged, CaptionEvent
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import Manifest
from hubbub_receiver import HiddenPeer, ReceivedTrack, ReceiverListener, TrackSink
from hubbub_recorder.adapters.recording_files import RecordingDirectory
from hubbub_recorder.adapters.room_recorder import RoomRecorder
from hubbub_recorder.adapters.writer_pool import WriterPool
from hubbub_recorder.domain.recording import taken_over
from hubbub_recorder.domain.recordings import StoredRecording
from hubbub_recorder.handlers.stop import stop_recording
from hubbub_rtp import EncodedFrame, ReceivePolicy, Receiver
from support.python_sdk import until
from support.recorder_fakes import FakeRecordingStore, recording_record
from support.rtp_captures import Capture

EPOCH = 7


@dataclass
class FakeReceiver:
    """Implements `Receiver`: a room whose tracks the test feeds."""

    room_id: str
    peer: HiddenPeer
    listener: ReceiverListener
    policy: ReceivePolicy
    sinks: list[TrackSink] = field(default_factory=list)
    failure: HubbubError | None = None
    left: LeaveReason | None = None

    async def open(self) -> None:
        """See `Receiver`."""
        if self.failure is not None:
            raise self.failure

    async def close(self, reason: LeaveReason) -> None:
        """See `Receiver`."""
        self.left = reason
        for sink in self.sinks:
            sink.on_closed()

    def publish(self, codec: str, source: str, name: str, ssrc: int | None = None) -> TrackSink:
        """A track of this capture, whose frames arrive at once."""
        capture = Capture(name, ssrc)
        receiver = Receiver(capture.parameters)
        sink = self.listener.on_track(
            ReceivedTrack(
                peer_id="peer",
                user_id="ann",
                display_name="Ann",
                producer_id=source,
                kind="audio" if codec == "opus" else "video",
                app_data={"source": source},
                codec=codec,
                clock_rate=capture.parameters.clock_rate,
                paused=False,
                request_key_frame=lambda: None,
            )
        )
        self.sinks.append(sink)
        for frame in frames_of(capture, receiver):
            sink.on_frame(frame)
        return sink


def frames_of(capture: Capture, receiver: Receiver) -> list[EncodedFrame]:
    return [frame for at, packet in capture.media for frame in receiver.add(packet, at)]


class Rig:
    """A recorder, its bucket and directory, and the receivers that it has made."""

    def __init__(self, directory: Path, pool: WriterPool, recorder_id: str = "here") -> None:
        self.files = RecordingDirectory(directory, 0)
        self.store = FakeRecordingStore()
        self.receivers: list[FakeReceiver] = []
        self.say: Callable[[CaptionEvent], None] | None = None
        """Publishes a caption of the room, once the recording follows them."""
        self.recorder = RoomRecorder(
            self._new_receiver, self._watch_captions, lambda: EPOCH, self.store, self.files, pool, recorder_id
        )
        self.store.on_change = self.recorder.records_changed

    async def start(self, recording_id: str = "one") -> FakeReceiver:
        """Starts a recording."""
        record = record_of(recording_id)
        await self.store.put(subjects.live_recording_key(record.room_id), record, 0)
        await self.recorder.start(record)
        return self.receivers[-1]

    async def finished(self, recording_id: str = "one") -> Manifest:
        """Waits until a recording is finished; returns its manifest."""
        await until(lambda: self.state(recording_id) == "finished")
        manifest = self.files.manifest(recording_id)
        assert manifest is not None
        assert manifest.recording.state == "finished"
        return manifest

    def state(self, recording_id: str = "one") -> str | None:
        """The state of the record."""
        found = self.store.recordings.find(recording_id)
        return None if found is None else found.record.state

    def _new_receiver(
        self, room_id: str, peer: HiddenPeer, listener: ReceiverListener, policy: ReceivePolicy
    ) -> FakeReceiver:
        self.receivers.append(FakeReceiver(room_id, peer, listener, policy))
        return self.receivers[-1]

    async def _watch_captions(self, _room_id: str, on_event: Callable[[CaptionEvent], None]) -> FakeSubscription:
        self.say = on_event
        return FakeSubscription()


class FakeSubscription:
    """Implements `CaptionSubscription`."""

    async def stop(self) -> None:
        """See `CaptionSubscription`."""


def record_of(recording_id: str) -> RecordingRecord:
    return recording_record(recording_id=recording_id, started_by="ann")


@pytest.fixture
async def pool() -> AsyncIterator[WriterPool]:
    """One writer process."""
    pool = WriterPool(1)
    await pool.start()
    yield pool
    await pool.stop()


def decoded(path: Path) -> int:
    with av.open(path) as file:
        return sum(1 for _ in file.decode(file.streams[0]))


async def test_a_recording_that_is_stopped_has_complete_files(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    receiver = await rig.start()
    assert (receiver.room_id, receiver.peer.role) == ("room", "recorder")
    assert receiver.peer.app_data["recordingId"] == "one"
    receiver.publish("opus", "microphone", "opus-audio")
    receiver.publish("vp8", "camera", "vp8-simulcast3", 246395)
    await stop_recording(rig.store, "one", "requested", 9_000)
    manifest = await rig.finished()
    assert receiver.left == "left"
    assert [(track.source, track.codec, track.complete) for track in manifest.tracks] == [
        ("microphone", "opus", True),
        ("camera", "vp8", True),
    ]
    for track in manifest.tracks:
        path = tmp_path / "one" / track.file
        assert path.stat().st_size == track.bytes
        assert decoded(path) > 5
    assert {one.name for one in (tmp_path / "one").iterdir()} == {
        "manifest.json",
        *(track.file for track in manifest.tracks),
    }
    await rig.recorder.stop()


async def test_a_room_that_is_gone_ends_its_recording(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    receiver = await rig.start()
    receiver.publish("opus", "microphone", "opus-audio")
    receiver.listener.on_room_lost()
    manifest = await rig.finished()
    assert manifest.recording.stop_reason == "room_closed"
    assert [track.complete for track in manifest.tracks] == [True]
    await rig.recorder.stop()


async def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    receiver = await rig.start()
    (tmp_path / "one" / "00-001-microphone.webm").symlink_to("/dev/full")
    receiver.publish("opus", "microphone", "opus-audio")
    manifest = await rig.finished()
    assert manifest.recording.stop_reason == "disk_full"
    assert receiver.left == "disk_full"
    await rig.recorder.stop()


async def test_an_instance_that_stops_completes_its_files_and_another_one_goes_on(
    tmp_path: Path, pool: WriterPool
) -> None:
    first, second = Rig(tmp_path, pool), Rig(tmp_path, pool, "there")
    receiver = await first.start()
    receiver.publish("opus", "microphone", "opus-audio")
    await first.recorder.stop()
    assert receiver.left == "removed"
    written = (tmp_path / "one" / "00-001-microphone.webm").stat().st_ino
    [stored] = first.store.recordings
    assert stored.record.state == "recording", "it is to go on"
    record = taken_over(stored.record, "there", EPOCH)
    await second.store.put(stored.key, record, 0)
    await second.recorder.start(record)
    second.receivers[-1].publish("opus", "microphone", "opus-audio")
    await stop_recording(second.store, "one", "requested", 9_000)
    manifest = await second.finished()
    assert [(track.segment, track.complete) for track in manifest.tracks] == [(0, True), (1, True)]
    assert (tmp_path / "one" / manifest.tracks[0].file).stat().st_ino == written, "a complete file stays as it is"
    await second.recorder.stop()


async def test_files_of_a_killed_writer_are_repaired_by_the_next_recorder(tmp_path: Path, pool: WriterPool) -> None:
    rig, lost = Rig(tmp_path, pool, "there"), WriterPool(1)
    await lost.start()
    killed = Rig(tmp_path, lost)
    receiver = await killed.start()
    receiver.publish("opus", "microphone", "opus-audio")
    path = tmp_path / "one" / "00-001-microphone.webm"
    await until(lambda: path.exists() and path.stat().st_size > 10_000)
    await until(lambda: (tmp_path / "one" / "manifest.json").exists() and has_tracks(killed.files))
    for pid in lost.pids:
        os.kill(pid, signal.SIGKILL)
    [stored] = killed.store.recordings
    record = taken_over(stored.record, "there", EPOCH).model_copy(update={"state": "processing", "stopped_at": 1})
    processing = await rig.store.put(subjects.done_recording_key("one"), record, 0)
    rig.recorder.complete(StoredRecording(processing.key, record, processing.revision))
    manifest = await rig.finished()
    assert [(track.file, track.complete) for track in manifest.tracks] == [(path.name, True)]
    assert decoded(path) > 100
    await rig.recorder.stop()
    await lost.stop()


def has_tracks(files: RecordingDirectory) -> bool:
    manifest = files.manifest("one")
    return manifest is not None and bool(manifest.tracks)


def test_a_recorder_that_was_stopped_does_not_replace_the_manifest_of_its_successor(tmp_path: Path) -> None:
    files = RecordingDirectory(tmp_path, 0)
    record = record_of("one")
    files.write_manifest(Manifest(segment=1, recording=record.info(), captions="captions.vtt"))
    files.write_manifest(Manifest(segment=0, recording=record.info()))
    kept = files.manifest("one")
    assert kept is not None
    assert kept.captions == "captions.vtt"
    files.write_manifest(Manifest(segment=1, recording=record.info()))
    replaced = files.manifest("one")
    assert replaced is not None
    assert replaced.captions is None


async def test_a_recording_that_another_instance_has_taken_over_is_given_up(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    receiver = await rig.start()
    [stored] = rig.store.recordings
    await rig.store.put(stored.key, taken_over(stored.record, "there", 9), stored.revision)
    await until(lambda: receiver.left == "removed")
    await until(lambda: not rig.recorder.is_active("one"))
    assert rig.state() == "recording"
    await rig.recorder.stop()


async def test_what_is_said_is_kept_beside_the_files_with_its_last_words(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    receiver = await rig.start()
    receiver.publish("opus", "microphone", "opus-audio")
    await until(lambda: rig.say is not None)
    assert rig.say is not None
    rig.say(caption("a", "Ever tried.", 1_500))
    rig.say(caption("b", "Ever", 4_000, final=False))
    rig.say(caption("c", "Not in the room.", 5_000, peer_id="stranger"))
    await stop_recording(rig.store, "one", "requested", 9_000)
    await until(lambda: receiver.left is not None)
    assert rig.state() == "processing", "a sentence has begun"
    rig.say(caption("b", "Ever failed.", 4_000))
    manifest = await rig.finished()
    assert manifest.captions == "captions.vtt"
    cues = (tmp_path / "one" / "captions.vtt").read_text().splitlines()[2:]
    assert cues == [
        "00:00:01.500 --> 00:00:02.500",
        "<v Ann>Ever tried.",
        "",
        "00:00:04.000 --> 00:00:05.000",
        "<v Ann>Ever failed.",
    ]
    await rig.recorder.stop()


async def test_a_recording_without_captions_names_no_file(tmp_path: Path, pool: WriterPool) -> None:
    rig = Rig(tmp_path, pool)
    await rig.start()
    await stop_recording(rig.store, "one", "requested", 9_000)
    assert (await rig.finished()).captions is None
    await rig.recorder.stop()


def caption(segment: str, text: str, start: int, *, final: bool = True, peer_id: str = "peer") -> CaptionChanged:
    return CaptionChanged(peer_id=peer_id, segment_id=segment, text=text, final=final, start=start, end=start + 1_000)
