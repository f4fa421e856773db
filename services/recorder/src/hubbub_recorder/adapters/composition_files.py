"""Where a composition is made, and where its files go.

Rules
- It is made in the directory of the recording. When that is in the object store, its tracks are copied into a directory
  of the composition, and its files go into the store.
- Until a file is complete its name begins with a dot: no route serves it, and no upload takes it.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from hubbub_contracts.bus.recording_records import CompositionRecord, RecordingRecord
from hubbub_contracts.recording import Manifest

from .object_storage import ObjectStorage
from .recording_files import RecordingDirectory
from .recording_storage import RecordingStorage


@dataclass(frozen=True, slots=True)
class MadeFiles:
    """A complete composition."""

    file: str
    poster: str | None
    size: int
    """Bytes of the file."""


class CompositionFiles:
    """The files of all compositions."""

    def __init__(self, directory: RecordingDirectory, objects: ObjectStorage | None) -> None:
        """`objects`: None when recordings stay in the directory."""
        self._directory = directory
        self._objects = objects
        self._storage = RecordingStorage(directory, objects)

    async def open(self, record: RecordingRecord, one: CompositionRecord) -> Workplace:
        """Prepares an attempt. Raises OSError and `unavailable`."""
        manifest = await self._storage.manifest(record)
        if self._objects is None or not record.uploaded:
            return Workplace(record, one, self._directory.directory(record.recording_id), manifest, None)
        await self.discard(one)
        path = await asyncio.to_thread(self._directory.create, _copy_of(one))
        try:
            for track in [] if manifest is None else manifest.tracks:
                await self._objects.download(record.recording_id, track.file, path / track.file)
        except BaseException:
            await self.discard(one)
            raise
        return Workplace(record, one, path, manifest, self._objects)

    async def has_space(self) -> bool:
        """Whether enough of the disk is free."""
        return await self._storage.has_space()

    async def discard(self, one: CompositionRecord) -> None:
        """Deletes the copies for a composition, if there are any."""
        await asyncio.to_thread(self._directory.delete, _copy_of(one))

    async def delete(self, record: RecordingRecord) -> None:
        """Deletes what was written of a recording that is deleted. Raises OSError and `unavailable`."""
        await self._storage.delete(record)


class Workplace:
    """The files of one attempt."""

    def __init__(
        self,
        record: RecordingRecord,
        one: CompositionRecord,
        directory: Path,
        manifest: Manifest | None,
        objects: ObjectStorage | None,
    ) -> None:
        """`objects`: where the files go; None: they stay in the directory."""
        self.directory = directory
        self.manifest = manifest
        name = f"composed-{one.composition_id}"
        self.partial = directory / f".{name}-{one.attempts}.{one.format}"
        self.partial_poster = directory / f".{name}-{one.attempts}.jpg"
        self._file = directory / f"{name}.{one.format}"
        self._poster = directory / f"{name}.jpg"
        self._recording_id = record.recording_id
        self._objects = objects

    async def complete(self, *, has_poster: bool) -> MadeFiles:
        """Gives the files their names. Raises OSError and `unavailable`."""
        size = await asyncio.to_thread(self._rename, has_poster=has_poster)
        files = [self._file, *([self._poster] if has_poster else [])]
        if self._objects is not None:
            for path in files:
                await self._objects.upload_file(self._recording_id, path)
        return MadeFiles(self._file.name, self._poster.name if has_poster else None, size)

    async def close(self) -> None:
        """Removes what is not complete, also of former attempts, and copies."""
        await asyncio.to_thread(self._remove)

    def _rename(self, *, has_poster: bool) -> int:
        if has_poster:
            self.partial_poster.replace(self._poster)
        return self.partial.replace(self._file).stat().st_size

    def _remove(self) -> None:
        if self._objects is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            return
        for path in self.directory.glob(f".{self._file.stem}-*"):
            path.unlink(missing_ok=True)


def _copy_of(one: CompositionRecord) -> str:
    """The name of the directory of the copies, which no recording has."""
    return f".composing-{one.composition_id}"
