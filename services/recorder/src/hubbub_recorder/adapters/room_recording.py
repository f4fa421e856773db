"""The recording of one room by this instance. Implements `hubbub_receiver.ReceiverListener`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from hubbub_bus import unix_ms
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.recording import Manifest, RecordedTrack, StopReason
from hubbub_receiver import HiddenPeer, ReceivedTrack, ReceiverListener, TrackSink
from hubbub_rtp import ReceivePolicy
from hubbub_service import Tasks, report_failure

from ..domain.track_clock import PeerClock
from .recording_captions import RecordingCaptions, WatchCaptions
from .recording_files import RecordingDirectory
from .track_recording import TrackRecording
from .writer_pool import Answer, Closed, WriterPool

_log = structlog.get_logger(__name__)

POLICY = ReceivePolicy(max_wait_audio=1.0, max_wait_video=2.0, picture_loss_interval=1.0, key_frame_interval=4.0)
"""A recording may wait for retransmissions. A frequent key frame is where a player can seek to."""
MANIFEST_INTERVAL = 0.2
"""Seconds in which several changes of the manifest are one write."""
CLOSE_TIMEOUT = 60.0
"""Seconds in which writers complete the files. Afterwards the recording is finished, and those files are incomplete."""


class Receiver(Protocol):
    """What `hubbub_receiver.RoomReceiver` does."""

    async def open(self) -> None:
        """Joins the room. Raises HubbubError."""

    async def close(self, reason: LeaveReason) -> None:
        """Leaves the room."""


NewReceiver = Callable[[str, HiddenPeer, ReceiverListener, ReceivePolicy], Receiver]
"""Makes a receiver of a room, of which its id is given."""


class RoomRecording:
    """From `start` to `stop`."""

    def __init__(
        self,
        new_receiver: NewReceiver,
        watch_captions: WatchCaptions,
        pool: WriterPool,
        files: RecordingDirectory,
        record: RecordingRecord,
        on_stop: Callable[[StopReason], None],
    ) -> None:
        """`on_stop` is called when the recording cannot go on."""
        self.record = record
        self._pool = pool
        self._files = files
        self._on_stop = on_stop
        self._started_at = time.monotonic() - (unix_ms() - record.started_at) / 1000
        self._captions = RecordingCaptions(watch_captions, files, record)
        self._peers: dict[str, PeerClock] = {}
        self._tracks: dict[str, RecordedTrack] = {}
        """By file."""
        self._writing: set[str] = set()
        """The files that writers have not answered for."""
        self._all_written = asyncio.Event()
        self._count = 0
        self._manifest_changed = asyncio.Event()
        self._is_closing = False
        self._tasks = Tasks()
        app_data = {
            "recordingId": record.recording_id,
            "audioOnly": record.audio_only,
            "startedBy": record.started_by,
            "startedAt": record.started_at,
        }
        peer = HiddenPeer("recorder", record.recorder_id, record.recorder_epoch, app_data)
        self._receiver = new_receiver(record.room_id, peer, self, POLICY)

    @property
    def has_media(self) -> bool:
        """Whether any file was written."""
        return bool(self._tracks)

    async def start(self) -> None:
        """Joins the room. Raises HubbubError and OSError."""
        await self.load()
        await self._receiver.open()
        self._tasks.spawn(self._write_manifests(), f"manifest-{self.record.recording_id}")
        self._tasks.spawn(self._captions.run(), f"captions-{self.record.recording_id}")
        self._manifest_changed.set()

    async def load(self) -> None:
        """Reads what recorders before this one have written, and completes their files. Raises OSError."""
        tracks, broken = await asyncio.to_thread(self._prepare)
        self._tracks = {track.file: track for track in tracks}
        for path in broken:
            self._writing.add(path.name)
            self._pool.repair(path, partial(self._on_file, self._tracks[path.name]))

    async def stop(self, record: RecordingRecord, reason: LeaveReason) -> None:
        """Leaves the room, and completes the files. `record` is the manifest's from now on."""
        self.record = record
        await self._receiver.close(reason)
        self._captions.stop()
        await self._complete_files()

    async def _complete_files(self) -> None:
        """Waits until the writers have completed all files."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self._writing:
                    self._all_written.clear()
                    await self._all_written.wait()
        except TimeoutError:
            _log.error("files of a recording stay incomplete", recording_id=self.record.recording_id)
        # Not cancelled: a thread that writes would go on, and replace a later manifest.
        self._is_closing = True
        self._manifest_changed.set()
        await self._tasks.drain()

    async def write_manifest(self, record: RecordingRecord) -> None:
        """Writes the manifest with the recording as it is now."""
        self.record = record
        await self._write_manifest()

    def wants(self, _peer: PeerRecord, producer: ProducerRecord) -> bool:
        """See `ReceiverListener`."""
        return producer.kind == "audio" or not self.record.audio_only

    def on_track(self, track: ReceivedTrack) -> TrackSink:
        """See `ReceiverListener`."""
        self._captions.add_speaker(track.peer_id, track.user_id, track.display_name)
        return TrackRecording(
            track,
            self._pool,
            self._peers.setdefault(track.peer_id, PeerClock()),
            self._started_at,
            new_path=self._new_path,
            segment=self.record.segment,
            on_file=self._on_file,
        )

    def on_room_lost(self) -> None:
        """See `ReceiverListener`."""
        self._on_stop("room_closed")

    def _prepare(self) -> tuple[list[RecordedTrack], list[Path]]:
        """What the recorders before this one have written, and which files they left incomplete. Blocks."""
        directory = self._files.create(self.record.recording_id)
        self._captions.load()
        manifest = self._files.manifest(self.record.recording_id)
        tracks = [] if manifest is None else manifest.tracks
        broken = [directory / track.file for track in tracks if not track.complete]
        return tracks, [path for path in broken if path.exists()]

    def _new_path(self, suffix: str) -> Path:
        self._count += 1
        name = f"{self.record.segment:02}-{self._count:03}-{suffix}"
        return self._files.directory(self.record.recording_id) / name

    def _on_file(self, track: RecordedTrack, answer: Answer | None) -> None:
        known = self._tracks.get(track.file, track)
        if answer is None:
            self._writing.add(track.file)
            self._tracks[track.file] = track
        else:
            self._writing.discard(track.file)
            if isinstance(answer, Closed):
                result = {"bytes": answer.bytes, "duration": answer.duration, "complete": answer.duration is not None}
                self._tracks[track.file] = known.model_copy(update=result)
            elif answer.cause == "disk_full":
                self._on_stop("disk_full")
            if not self._writing:
                self._all_written.set()
        self._manifest_changed.set()

    async def _write_manifests(self) -> None:
        while not self._is_closing:
            await self._manifest_changed.wait()
            self._manifest_changed.clear()
            try:
                await self._write_manifest()
            except OSError as error:
                _log.error("a manifest was not written", recording_id=self.record.recording_id, error=str(error))
            except Exception as error:  # noqa: BLE001  the next change tries again
                report_failure("a manifest was not written", error, recording_id=self.record.recording_id)
            await asyncio.sleep(MANIFEST_INTERVAL)

    async def _write_manifest(self) -> None:
        # The record alone says which compositions there are: they change after the recording.
        recording = self.record.info().model_copy(update={"compositions": ()})
        tracks = list(self._tracks.values())
        segment = self.record.segment
        manifest = Manifest(segment=segment, recording=recording, tracks=tracks, captions=self._captions.file)
        await asyncio.to_thread(self._files.write_manifest, manifest)
