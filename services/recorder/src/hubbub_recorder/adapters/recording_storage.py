"""Where the files of recordings are: in the directory, and after their upload in the object store."""

from __future__ import annotations

import asyncio

from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import Manifest

from .object_storage import ObjectStorage
from .recording_files import MANIFEST, RecordingDirectory, parse_stored


class RecordingStorage:
    """Implements `domain.ports.RecordingFiles`."""

    def __init__(self, directory: RecordingDirectory, objects: ObjectStorage | None) -> None:
        """`objects`: None when recordings stay in the directory."""
        self._directory = directory
        self._objects = objects

    async def manifest(self, record: RecordingRecord) -> Manifest | None:
        """See `RecordingFiles`."""
        if self._objects is None or not record.uploaded:
            return await asyncio.to_thread(self._directory.manifest, record.recording_id)
        content = await self._objects.read_whole(record.recording_id, MANIFEST)
        return None if content is None else parse_stored(Manifest, content, record.recording_id, MANIFEST)

    async def read(self, record: RecordingRecord, file: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """See `RecordingFiles`."""
        if self._objects is None or not record.uploaded:
            return await asyncio.to_thread(self._directory.read, record.recording_id, file, offset, length)
        return await self._objects.read(record.recording_id, file, offset, length)

    async def delete(self, record: RecordingRecord) -> None:
        """See `RecordingFiles`."""
        if self._objects is not None:  # also what an interrupted upload has left
            await self._objects.delete(record.recording_id)
        await asyncio.to_thread(self._directory.delete, record.recording_id)

    async def has_space(self) -> bool:
        """See `RecordingFiles`."""
        return await asyncio.to_thread(self._directory.has_space)
