"""The context of the request handlers: their ports and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hubbub_bus import unix_ms
from hubbub_contracts.recording import CompositionOptions

from ..domain.ports import Recorder, RecordingFiles, RecordingStore


@dataclass(frozen=True, slots=True)
class RecorderContext:
    """The first argument of every handler."""

    store: RecordingStore
    files: RecordingFiles
    recorder: Recorder
    max_recordings: int
    max_compositions: int
    live_composition: CompositionOptions | None = None
    """How each recording is composed while it runs; None: it is not."""
    clock: Callable[[], int] = unix_ms
    """Unix milliseconds."""
