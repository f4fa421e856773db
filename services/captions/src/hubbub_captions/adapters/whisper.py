"""faster-whisper, an optional engine: many languages, with a model that the operator provides.

Whisper does not stream. The utterance is transcribed again with every second of new audio; the service bounds its
length.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..domain.segment_log import SegmentLog
from ..domain.transcriber import BYTES_PER_SECOND, Segment, TranscriptionFailed

UPDATE_INTERVAL = 1.0
"""Seconds of new audio for which the utterance is transcribed again."""


class WhisperSegment(Protocol):
    """What is used of `faster_whisper.transcribe.Segment`."""

    text: str
    start: float
    end: float


class Engine(Protocol):
    """What is used of `faster_whisper.WhisperModel`."""

    def transcribe(self, audio: NDArray[np.float32], **options: Any) -> tuple[Iterable[WhisperSegment], object]:
        """Transcribes samples of 16 kHz. The work is done while the segments are read."""


def load_engine(model: Path) -> Engine:
    """Loads a model in CTranslate2's format, from its directory. Raises ImportError without the extra `whisper`."""
    from faster_whisper import WhisperModel

    engine: Any = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    return engine  # type: ignore[no-any-return]


class WhisperTranscriber:
    """Implements `domain.transcriber.Transcriber`."""

    def __init__(self, engine: Engine, language: str | None = None) -> None:
        """`language` is its ISO 639-1 code. None: the engine detects the language of each utterance."""
        self._engine = engine
        self._language = language
        self._audio = bytearray()
        self._transcribed = 0
        self._log = SegmentLog()

    def add(self, audio: bytes) -> None:
        """See `Transcriber`."""
        self._audio += audio

    def update(self) -> list[Segment]:
        """See `Transcriber`."""
        if len(self._audio) - self._transcribed < UPDATE_INTERVAL * BYTES_PER_SECOND:
            return []
        self._transcribed = len(self._audio)
        return self._log.changes(self._transcribe())

    def finish(self) -> list[Segment]:
        """See `Transcriber`."""
        if not self._audio:
            return []
        segments = self._log.finish(self._transcribe())
        self._reset()
        return segments

    def close(self) -> None:
        """See `Transcriber`."""
        self._reset()

    def _transcribe(self) -> list[Segment]:
        samples = (np.frombuffer(bytes(self._audio), dtype="<i2") / 32768).astype(np.float32)
        try:
            segments, _ = self._engine.transcribe(
                samples,
                language=self._language,
                beam_size=1,
                # Whisper hears "thank you" in silence, and repeats itself.
                vad_filter=True,
                condition_on_previous_text=False,
            )
            return [
                Segment(index, each.text.strip(), each.start, each.end, final=False)
                for index, each in enumerate(segments)
            ]
        except Exception as error:
            self._reset()
            raise TranscriptionFailed(f"faster-whisper failed: {error}") from error

    def _reset(self) -> None:
        self._audio = bytearray()
        self._transcribed = 0
        self._log = SegmentLog()
