"""Speech to text, as the service uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SAMPLE_RATE = 16_000
"""Samples per second of the audio that transcribers take: one channel of signed 16-bit samples, little-endian."""
BYTES_PER_SECOND = 2 * SAMPLE_RATE


class TranscriptionFailed(Exception):
    """The engine failed. What it has not reported of the utterance is lost."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an utterance: a sentence, or less."""

    index: int
    """In its utterance, from 0."""
    text: str
    """Of a final segment, empty: nothing was said after all."""
    start: float
    """Seconds from the beginning of the utterance."""
    end: float
    final: bool
    """The segment does not change any more."""


class Transcriber(Protocol):
    """One utterance after the other to text.

    Methods block for as long as the engine works, and belong to one thread. A segment is returned when its text has
    changed, and once more when it is final; each segment that was returned becomes final, with `finish` at the latest.
    Every method but `close` raises TranscriptionFailed, which ends the utterance.
    """

    def add(self, audio: bytes) -> None:
        """Adds audio to the utterance, and begins it when there is none."""

    def update(self) -> list[Segment]:
        """Transcribes the audio so far. Returns the segments that have changed."""

    def finish(self) -> list[Segment]:
        """Ends the utterance. Returns the segments that have changed, all of them final."""

    def close(self) -> None:
        """Frees the engine's memory."""
