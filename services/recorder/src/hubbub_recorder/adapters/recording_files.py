"""The directory of the recordings: one directory for each, with its tracks and `manifest.json`."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import ValidationError

from hubbub_contracts import Model
from hubbub_contracts.recording import Manifest
from hubbub_contracts.transcript import Transcript

_log = structlog.get_logger(__name__)

MANIFEST = "manifest.json"


ModelT = TypeVar("ModelT", bound=Model)


def parse_stored(model: type[ModelT], content: bytes, recording_id: str, file: str) -> ModelT | None:
    """The content of a JSON file of a recording; None, with a message in the log, when it is none."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        _log.error("a file of a recording cannot be read", recording_id=recording_id, file=file, error=str(error))
        return None


class RecordingDirectory:
    """One directory for all instances. Methods block."""

    def __init__(self, root: Path, min_free: int) -> None:
        """`min_free`: bytes that must be free on the disk."""
        self._root = root
        self._min_free = min_free
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def directory(self, recording_id: str) -> Path:
        """The directory of a recording, which need not exist. Ids contain no dots and no slashes."""
        return self._root / recording_id

    def recording_ids(self) -> list[str]:
        """The recordings that have a directory."""
        return [path.name for path in self._root.iterdir() if path.is_dir()]

    def create(self, recording_id: str) -> Path:
        """Creates the directory of a recording. Raises OSError."""
        directory = self.directory(recording_id)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory

    def manifest(self, recording_id: str) -> Manifest | None:
        """The stored manifest; None when there is none that can be read."""
        return self._stored(Manifest, recording_id, MANIFEST)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replaces the manifest, unless it is that of a recorder which has taken the recording over. Raises OSError."""
        known = self.manifest(manifest.recording.recording_id)
        if known is not None and known.segment > manifest.segment:
            _log.warning("another recorder has written the manifest", recording_id=manifest.recording.recording_id)
            return
        text = manifest.model_dump_json(indent=2, exclude_none=True) + "\n"
        self.write_text(manifest.recording.recording_id, MANIFEST, text)

    def transcript(self, recording_id: str, file: str) -> Transcript | None:
        """The transcript in a file of a recording; None when there is none that can be read."""
        return self._stored(Transcript, recording_id, file)

    def _stored(self, model: type[ModelT], recording_id: str, file: str) -> ModelT | None:
        try:
            content = (self.directory(recording_id) / file).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.error("a file of a recording cannot be read", recording_id=recording_id, file=file, error=str(error))
            return None
        return parse_stored(model, content, recording_id, file)

    def write_text(self, recording_id: str, file: str, text: str) -> None:
        """Replaces a file of a recording: a reader, and a kill, find the old or the new one. Raises OSError."""
        path = self.create(recording_id) / file
        copy = path.with_name(f".{file}")
        with copy.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        copy.replace(path)

    def read(self, recording_id: str, file: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """The size of a file, and a part of it; None when there is no such file."""
        try:
            with (self.directory(recording_id) / file).open("rb") as opened:
                size = os.fstat(opened.fileno()).st_size
                opened.seek(offset)
                return size, opened.read(length)
        except OSError:
            return None

    def delete(self, recording_id: str) -> None:
        """Deletes a recording's files. Succeeds when there are none. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.directory(recording_id))

    def has_space(self) -> bool:
        """Whether enough of the disk is free."""
        return shutil.disk_usage(self._root).free >= self._min_free
