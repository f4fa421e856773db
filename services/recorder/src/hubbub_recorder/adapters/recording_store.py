"""The bucket of recordings: a view of it, and compare-and-set writes."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyValue, View
from hubbub_contracts import subjects
from hubbub_contracts.bus.recording_records import RecordingRecord

from ..domain.recordings import Recordings, StoredRecording

_log = structlog.get_logger(__name__)

READY_TIMEOUT = 1.0
MAX_BYTES = 64 * 1024 * 1024
"""Of the bucket: 100,000 recordings."""


class KvRecordingStore:
    """Implements `domain.ports.RecordingStore`."""

    def __init__(self, bus: Bus, replicas: int = 1) -> None:
        """`replicas` is the number of the bucket's copies in a NATS cluster."""
        bucket = Bucket(
            subjects.RECORDINGS_BUCKET,
            subjects.RECORDINGS_REPUBLISH_SOURCE,
            subjects.RECORDINGS_REPUBLISH_DESTINATION,
            replicas,
            MAX_BYTES,
        )
        self._kv = KeyValue(bus, bucket)
        self._view = View(bus, self._kv, self._apply, owns_bucket=True)
        self._on_change: Callable[[], None] = lambda: None
        self._recordings = Recordings()

    @property
    def recordings(self) -> Recordings:
        """See `RecordingStore`."""
        return self._recordings

    @property
    def healthy(self) -> bool:
        """The view is complete and current."""
        return self._view.healthy

    def start(self, on_change: Callable[[], None]) -> None:
        """Starts following the bucket, and creates it when it does not exist.

        `on_change` is called when a recording was written or removed.
        """
        self._on_change = on_change
        self._view.start()

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()

    async def complete(self) -> None:
        """Waits without a limit until all recordings are known."""
        await self._view.wait_healthy(None)

    async def refresh(self) -> None:
        """See `RecordingStore`."""
        await self._view.catch_up(READY_TIMEOUT)

    async def put(self, key: str, record: RecordingRecord, last: int) -> StoredRecording:
        """See `RecordingStore`."""
        revision = await self._kv.update(key, record, last=last)
        await self._view.wait_for(revision)
        return StoredRecording(key, record, revision)

    async def remove(self, stored: StoredRecording) -> None:
        """See `RecordingStore`."""
        await self._view.wait_for(await self._kv.purge(stored.key, last=stored.revision))

    def _apply(self, entry: Entry, _before: Entry | None) -> None:
        stored = _parse(entry)
        if stored is None:
            self._recordings.remove(entry.key)
        else:
            self._recordings.put(stored)
        self._on_change()


def _parse(entry: Entry) -> StoredRecording | None:
    """None for a tombstone, and for a value that no version wrote."""
    if entry.value is None:
        return None
    try:
        return StoredRecording(entry.key, RecordingRecord.model_validate_json(entry.value), entry.revision)
    except ValidationError as error:
        _log.error("malformed record in the bucket of recordings", key=entry.key, error=str(error))
        return None
