"""The bucket of recordings in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hubbub_bus import KeyConflict
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_recorder.domain.recordings import Recordings, StoredRecording


@dataclass
class FakeRecordingStore:
    """Implements `RecordingStore`."""

    recordings: Recordings = field(default_factory=Recordings)
    sequence: int = 0
    before_write: list[Callable[[], object]] = field(default_factory=list)
    """Called one per write, just before it: what another instance stores first."""
    on_change: Callable[[], object] = lambda: None
    """Called after each write."""

    async def refresh(self) -> None:
        """See `RecordingStore`."""

    async def put(self, key: str, record: RecordingRecord, last: int) -> StoredRecording:
        """See `RecordingStore`."""
        self._check(key, last)
        self.sequence += 1
        stored = StoredRecording(key, record, self.sequence)
        self.recordings.put(stored)
        self.on_change()
        return stored

    async def remove(self, stored: StoredRecording) -> None:
        """See `RecordingStore`."""
        self._check(stored.key, stored.revision)
        self.recordings.remove(stored.key)
        self.on_change()

    def _check(self, key: str, last: int) -> None:
        if self.before_write:
            self.before_write.pop(0)()
        found = self.recordings.at(key)
        if (0 if found is None else found.revision) != last:
            raise KeyConflict(key)
