"""The context of the request handlers: their ports and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hubbub_bus import unix_ms

from ..domain.ports import Recorder, RecordingFiles, RecordingStore


@dataclass(frozen=True, slots=True)
class RecorderContext:
    """The first argument of every handler."""

    store: RecordingStore
    files: RecordingFiles
    recorder: Recorder
    max_recordings: int
    clock: Callable[[], int] = unix_ms
    """Unix milliseconds."""
