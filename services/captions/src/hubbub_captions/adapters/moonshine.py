"""Moonshine, the default engine: a small English model that is part of its package.

Rules
- Its stream keeps all lines and all audio, so every utterance gets a stream of its own.
- It transcribes when it is asked to, not after a fixed amount of audio: a thread that is late catches up at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..domain.segment_log import SegmentLog
from ..domain.transcriber import SAMPLE_RATE, Segment, TranscriptionFailed

_NEVER = float("inf")
_OPTIONS = {
    # Otherwise every update copies the audio of all lines into Python lists.
    "return_audio_data": "false",
    "identify_speakers": "false",
}


class Line(Protocol):
    """A line of Moonshine's transcript."""

    @property
    def text(self) -> str:
        """What was understood."""

    @property
    def start_time(self) -> float:
        """Seconds from the start of the stream."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def is_complete(self) -> bool:
        """Whether the line has ended."""


class Transcript(Protocol):
    """Every line of a stream so far."""

    @property
    def lines(self) -> Sequence[Line]:
        """In the order of their starts."""


class Stream(Protocol):
    """What is used of `moonshine_voice.transcriber.Stream`."""

    def start(self) -> None:
        """Begins."""

    def add_audio(self, audio_data: list[float], sample_rate: int) -> None:
        """Adds samples, -1 to 1."""

    def update_transcription(self) -> Transcript:
        """Transcribes what was added."""

    def stop(self) -> Transcript | None:
        """Transcribes the rest. None: it failed."""

    def close(self) -> None:
        """Frees the stream."""


class Engine(Protocol):
    """What is used of `moonshine_voice.transcriber.Transcriber`."""

    def create_stream(self) -> Stream:
        """A new stream."""

    def close(self) -> None:
        """Frees the model."""


def load_engine() -> Engine:
    """Loads the model: about a second and 100 MB. Raises ImportError on platforms without Moonshine."""
    from moonshine_voice.moonshine_api import ModelArch
    from moonshine_voice.transcriber import Transcriber
    from moonshine_voice.utils import get_assets_path

    engine: Any = Transcriber(str(get_assets_path() / "tiny-en"), ModelArch.TINY, _NEVER, _OPTIONS)
    return engine  # type: ignore[no-any-return]


class MoonshineTranscriber:
    """Implements `domain.transcriber.Transcriber`."""

    def __init__(self, engine: Engine) -> None:
        """The engine is this transcriber's own: it serialises its streams."""
        self._engine = engine
        self._stream: Stream | None = None
        self._log = SegmentLog()

    def add(self, audio: bytes) -> None:
        """See `Transcriber`."""
        samples = (np.frombuffer(audio, dtype="<i2") / 32768).tolist()
        try:
            if self._stream is None:
                self._stream, self._log = self._engine.create_stream(), SegmentLog()
                self._stream.start()
            self._stream.add_audio(samples, SAMPLE_RATE)
        except Exception as error:
            raise self._failed(error) from error

    def update(self) -> list[Segment]:
        """See `Transcriber`."""
        if self._stream is None:
            return []
        try:
            transcript = self._stream.update_transcription()
        except Exception as error:
            raise self._failed(error) from error
        return self._log.changes(_segments(transcript))

    def finish(self) -> list[Segment]:
        """See `Transcriber`."""
        if self._stream is None:
            return []
        try:
            transcript = self._stream.stop()
        except Exception as error:
            raise self._failed(error) from error
        if transcript is None:
            raise self._failed(None)
        self._end_stream()
        return self._log.finish(_segments(transcript))

    def close(self) -> None:
        """See `Transcriber`."""
        self._end_stream()
        self._engine.close()

    def _failed(self, error: Exception | None) -> TranscriptionFailed:
        self._end_stream()
        return TranscriptionFailed(f"Moonshine failed: {error}")

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def _segments(transcript: Transcript) -> list[Segment]:
    return [
        Segment(index, line.text.strip(), line.start_time, line.start_time + line.duration, final=line.is_complete)
        for index, line in enumerate(transcript.lines)
    ]
