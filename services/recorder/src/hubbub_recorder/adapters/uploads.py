"""Moves finished recordings into the object store, one at a time.

Rules
- A recording is uploaded by the recorder that its record names. When that one is gone, housekeeping names another one.
- The record says that a recording was uploaded only once all its files were. Until then the directory has them, and
  whatever fails is tried again, however long that takes.
"""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import KeyConflict
from hubbub_contracts import HubbubError
from hubbub_service import Tasks, report_failure

from ..domain.ports import Recorder, RecordingStore
from ..domain.recording import uploaded
from ..domain.recordings import StoredRecording
from .object_storage import ObjectStorage
from .recording_files import RecordingDirectory

_log = structlog.get_logger(__name__)

INTERVAL = 1.0
MAX_RETRY_INTERVAL = 60.0


class Uploads:
    """The uploads of one instance."""

    def __init__(
        self, store: RecordingStore, directory: RecordingDirectory, objects: ObjectStorage, recorder: Recorder
    ) -> None:
        self._store = store
        self._directory = directory
        self._objects = objects
        self._recorder = recorder

    @property
    def waiting(self) -> int:
        """How many recordings this instance has to upload."""
        return len(self._to_upload())

    def start(self, tasks: Tasks) -> None:
        """Starts the loop, which ends with its tasks."""
        tasks.spawn(self._run(), "uploads", vital=True)

    async def _run(self) -> None:
        await asyncio.to_thread(self._delete_what_is_uploaded)
        pause = INTERVAL
        while True:
            await asyncio.sleep(pause)
            outcomes = [await self._try_upload(stored) for stored in self._to_upload()]
            pause = next_pause(pause, failed=not all(outcomes))

    async def _try_upload(self, stored: StoredRecording) -> bool:
        """Returns whether nothing failed."""
        try:
            await self._upload(stored)
        except (HubbubError, OSError) as error:
            _log.warning("a recording was not uploaded", recording_id=_id(stored), error=str(error))
        except Exception as error:  # noqa: BLE001  the next run tries again
            report_failure("a recording was not uploaded", error, recording_id=_id(stored))
        else:
            return True
        return False

    def _to_upload(self) -> list[StoredRecording]:
        recorder = self._recorder
        return list(self._store.recordings.to_upload(recorder.recorder_id, recorder.recorder_epoch))

    async def _upload(self, stored: StoredRecording) -> None:
        await self._objects.upload(_id(stored), self._directory.create(_id(stored)))
        try:
            await self._store.put(stored.key, uploaded(stored.record), stored.revision)
        except KeyConflict:
            if self._store.recordings.find(_id(stored)) is None:  # deleted meanwhile
                await self._objects.delete(_id(stored))
            return
        await asyncio.to_thread(self._directory.delete, _id(stored))
        _log.info("a recording was uploaded", recording_id=_id(stored))

    def _delete_what_is_uploaded(self) -> None:
        """Deletes the directories that an instance left which was killed right after an upload."""
        for recording_id in self._directory.recording_ids():
            found = self._store.recordings.find(recording_id)
            if found is not None and found.record.uploaded:
                self._directory.delete(recording_id)


def next_pause(pause: float, *, failed: bool) -> float:
    """Seconds until the next run, after one that followed `pause`."""
    return min(2 * pause, MAX_RETRY_INTERVAL) if failed else INTERVAL


def _id(stored: StoredRecording) -> str:
    return stored.record.recording_id
