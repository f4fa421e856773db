"""The recordings of this instance, which follow the records of the bucket. Implements `domain.ports.Recorder`.

Rules
- A record that names this instance and is `recording` is recorded here; one that is `processing` is completed here.
- A record that names another instance is not: another one took it over, because this one's lease was lost.
- An instance that stops completes its files and releases its lease; another one goes on in a new segment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from hubbub_bus import retry_on_conflict, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import CompositionOptions, StopReason
from hubbub_service import Tasks, report_failure

from ..domain.composition import requested, with_same_options
from ..domain.ports import RecordingStore
from ..domain.recording import finished
from ..domain.recordings import StoredRecording
from ..handlers.stop import stop_recording
from .recording_captions import WatchCaptions
from .recording_files import RecordingDirectory
from .room_recording import NewReceiver, RoomRecording
from .writer_pool import WriterPool

_log = structlog.get_logger(__name__)

RETRY_INTERVAL = 1.0


class RoomRecorder:
    """Records rooms."""

    def __init__(
        self,
        new_receiver: NewReceiver,
        watch_captions: WatchCaptions,
        epoch: Callable[[], int],
        store: RecordingStore,
        files: RecordingDirectory,
        pool: WriterPool,
        recorder_id: str,
        *,
        composition: CompositionOptions | None = None,
    ) -> None:
        """`epoch` returns that of the lease of this instance, whose name is `recorder_id`.

        `composition`: how each recording is composed when it has finished; None: it is not.
        """
        self._new_receiver = new_receiver
        self._watch_captions = watch_captions
        self._epoch = epoch
        self._store = store
        self._files = files
        self._pool = pool
        self._recorder_id = recorder_id
        self._composition = composition
        self._running: dict[str, RoomRecording] = {}
        """By recording id."""
        self._busy: set[str] = set()
        """Recordings that are being started, completed or given up: changes of their records wait."""
        self._tasks = Tasks()

    @property
    def recorder_id(self) -> str:
        """See `Recorder`."""
        return self._recorder_id

    @property
    def recorder_epoch(self) -> int:
        """See `Recorder`."""
        return self._epoch()

    @property
    def running(self) -> int:
        """See `Recorder`."""
        return len(self._running)

    async def start(self, record: RecordingRecord) -> None:
        """See `Recorder`."""
        recording_id = record.recording_id

        def on_stop(reason: StopReason) -> None:
            self._tasks.spawn(self._stop(recording_id, reason), "stop-recording")

        recording = self._recording(record, on_stop)
        self._running[recording_id] = recording
        self._busy.add(recording_id)
        try:
            await recording.start()
        except BaseException as error:
            del self._running[recording_id]
            self._busy.discard(recording_id)
            if isinstance(error, OSError):
                raise HubbubError(ErrorCode.UNAVAILABLE, f"the recorder cannot write: {error}") from error
            raise
        _log.info("recording started", recording_id=recording_id, room_id=record.room_id, segment=record.segment)
        self._busy.discard(recording_id)
        self.records_changed()

    def records_changed(self) -> None:
        """The bucket has changed: ends what is no longer this instance's, and completes what has stopped."""
        for recording_id, recording in list(self._running.items()):
            found = self._store.recordings.find(recording_id)
            if recording_id in self._busy or found is None:
                continue
            if (found.record.recorder_id, found.record.recorder_epoch) != (self._recorder_id, self.recorder_epoch):
                self._end(recording_id, self._give_up(recording))
            elif found.record.state == "processing":
                self._end(recording_id, self._finish(recording, found))

    def is_active(self, recording_id: str) -> bool:
        """Whether the recording is being recorded or completed here."""
        return recording_id in self._running

    def complete(self, stored: StoredRecording) -> None:
        """Completes a recording that stopped while another instance had it, in the background."""
        recording = self._recording(stored.record, lambda _reason: None)
        self._running[stored.record.recording_id] = recording
        self._end(stored.record.recording_id, self._load_and_finish(recording, stored))

    async def stop_all_without_space(self) -> None:
        """Stops every recording, because the disk is nearly full."""
        for recording_id in list(self._running):
            await self._stop(recording_id, "disk_full")

    async def stop(self) -> None:
        """Ends the recordings of this instance, so that another one goes on."""
        self._busy.update(self._running)
        for recording in list(self._running.values()):
            await recording.stop(recording.record, "removed")
            await recording.write_manifest(recording.record)
        self._running.clear()
        await self._tasks.close()

    def _recording(self, record: RecordingRecord, on_stop: Callable[[StopReason], None]) -> RoomRecording:
        return RoomRecording(self._new_receiver, self._watch_captions, self._pool, self._files, record, on_stop)

    async def _stop(self, recording_id: str, reason: StopReason) -> None:
        """Stops a recording for a reason of this instance, and retries while the store does not answer."""
        while recording_id in self._running:
            try:
                await stop_recording(self._store, recording_id, reason, unix_ms())
                return
            except HubbubError as error:
                _log.warning("a recording was not stopped, retrying", recording_id=recording_id, error=error.message)
            await asyncio.sleep(RETRY_INTERVAL)

    def _end(self, recording_id: str, ending: Coroutine[Any, Any, None]) -> None:
        self._busy.add(recording_id)

        async def end() -> None:
            try:
                await ending
            except Exception as error:  # noqa: BLE001  housekeeping finds the record, and tries again
                report_failure("a recording was not completed", error, recording_id=recording_id)
            finally:
                self._running.pop(recording_id, None)
                self._busy.discard(recording_id)

        self._tasks.spawn(end(), f"end-recording-{recording_id}")

    async def _give_up(self, recording: RoomRecording) -> None:
        _log.warning("another recorder has the recording", recording_id=recording.record.recording_id)
        await recording.stop(recording.record, "removed")

    async def _load_and_finish(self, recording: RoomRecording, stored: StoredRecording) -> None:
        await recording.load()
        await self._finish(recording, stored)

    async def _finish(self, recording: RoomRecording, stored: StoredRecording) -> None:
        reason = stored.record.stop_reason
        await recording.stop(stored.record, reason if reason in ("disk_full", "failed") else "left")
        try:
            await recording.write_manifest(finished(stored.record))
        except OSError as error:
            _log.error("the last manifest was not written", recording_id=stored.record.recording_id, error=str(error))
        while True:
            if await self._write_finished(recording, stored.record):
                break
            await asyncio.sleep(RETRY_INTERVAL)

    async def _write_finished(self, recording: RoomRecording, before: RecordingRecord) -> bool:
        """Writes that the files of the recording are complete. False: the store did not answer.

        A composition may have changed the record since `before`.
        """

        async def attempt() -> None:
            await self._store.refresh()
            found = self._store.recordings.find(before.recording_id)
            if found is None or not _is_as(found.record, before):
                _log.info("another recorder has completed the recording", recording_id=before.recording_id)
                return
            record, composition = finished(found.record), self._composition
            if composition is not None and recording.has_media and with_same_options(record, composition) is None:
                record, _ = requested(record, ids.mint(), composition, unix_ms())
            await self._store.put(found.key, record, found.revision)
            _log.info("recording finished", recording_id=record.recording_id, reason=record.stop_reason)

        try:
            await retry_on_conflict(attempt)
        except HubbubError as error:
            _log.warning("a record was not written, retrying", recording_id=before.recording_id, error=error.message)
            return False
        return True


def _is_as(record: RecordingRecord, before: RecordingRecord) -> bool:
    """Whether the same recorder still completes the recording."""
    names = ("state", "recorder_id", "recorder_epoch")
    return all(getattr(record, name) == getattr(before, name) for name in names)
