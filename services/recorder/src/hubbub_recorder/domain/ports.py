"""The ports that handlers use and adapters implement. Every method raises HubbubError when its other side is silent."""

from __future__ import annotations

from typing import Protocol

from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import Manifest

from .recordings import Recordings, StoredRecording


class RecordingStore(Protocol):
    """The bucket of recordings. A write that names an outdated revision raises `hubbub_bus.KeyConflict`."""

    @property
    def recordings(self) -> Recordings:
        """This instance's copy."""

    async def refresh(self) -> None:
        """Returns once the copy contains every write stored before. Raises `unavailable`."""

    async def put(self, key: str, record: RecordingRecord, last: int) -> StoredRecording:
        """Replaces revision `last`; 0 creates it. The copy contains it afterwards."""

    async def remove(self, stored: StoredRecording) -> None:
        """Removes this revision."""


class RecordingFiles(Protocol):
    """Where the files of recordings are."""

    async def manifest(self, record: RecordingRecord) -> Manifest | None:
        """The stored manifest; None when there is none that can be read."""

    async def read(self, record: RecordingRecord, file: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """The size of a file, and a part of it; None when there is no such file."""

    async def delete(self, record: RecordingRecord) -> None:
        """Deletes a recording's files. Succeeds when there are none."""

    async def has_space(self) -> bool:
        """Whether enough of the disk is free."""


class Recorder(Protocol):
    """Records the rooms of this instance."""

    @property
    def recorder_id(self) -> str:
        """The name of this instance."""

    @property
    def recorder_epoch(self) -> int:
        """The epoch of its lease."""

    @property
    def running(self) -> int:
        """How many rooms it records."""

    async def start(self, record: RecordingRecord) -> None:
        """Starts to record. Raises HubbubError: `room_not_found`, `quota_exceeded`, `unavailable`."""
