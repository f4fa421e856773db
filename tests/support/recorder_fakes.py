"""The bucket of recordings in memory, and what stands in for a recorder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hubbub_bus import KeyConflict
from hubbub_contracts import HubbubError
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_recorder.domain.recordings import Recordings, StoredRecording


def recording_record(**fields: Any) -> RecordingRecord:
    """The record of a recording that the instance `here` makes, with these fields."""
    defaults = {
        "recording_id": "one",
        "call_id": "call",
        "state": "recording",
        "audio_only": False,
        "started_at": 0,
        "room_id": "room",
        "ticket_key": "key",
        "recorder_id": "here",
        "recorder_epoch": 7,
    }
    return RecordingRecord.model_validate(defaults | fields)


@dataclass
class FakeRecorder:
    """Implements `Recorder`."""

    recorder_id: str = "here"
    recorder_epoch: int = 7
    started: list[RecordingRecord] = field(default_factory=list)
    failure: HubbubError | None = None

    @property
    def running(self) -> int:
        """See `Recorder`."""
        return len(self.started)

    async def start(self, record: RecordingRecord) -> None:
        """See `Recorder`."""
        if self.failure is not None:
            raise self.failure
        self.started.append(record)


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
