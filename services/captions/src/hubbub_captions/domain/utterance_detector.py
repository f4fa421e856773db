"""Where speech begins and ends in a speaker's audio.

Rules
- An utterance begins when most of the last frames are voice. It includes a little audio before that, since the
  beginnings of words are quiet.
- It ends after HANGOVER without voice. A long one ends at a shorter pause, so that its cost stays bounded; one without
  any pause is cut.
- A short hole in the audio, such as a lost packet, is filled with silence: times in an utterance are those of its
  audio.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .transcriber import BYTES_PER_SECOND

FRAME = 0.02
"""Seconds of a frame."""
FRAME_BYTES = int(FRAME * BYTES_PER_SECOND)
LOOK_BACK = 0.3
"""Seconds before the voice that belong to its utterance."""
ONSET_WINDOW, ONSET_VOICED = 8, 5
"""An utterance begins when so many of the last frames are voice."""
HANGOVER = 0.6
"""Seconds without voice that end an utterance."""
LONG, SHORT_PAUSE = 20.0, 0.2
"""Seconds after which a pause of so many seconds ends it."""
LONGEST = 30.0
"""Seconds after which it is cut."""
LONGEST_HOLE = 0.5
"""Seconds of missing audio that do not end it."""


@dataclass(frozen=True, slots=True)
class Began:
    """An utterance began at this time of its track, in seconds. Its audio follows."""

    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The next audio of the utterance."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance ended."""


SpeechEvent = Began | Heard | Ended


@dataclass(frozen=True, slots=True)
class _Frame:
    at: float
    voiced: bool
    audio: bytes


class UtteranceDetector:
    """The utterances of one track."""

    def __init__(self) -> None:
        self._recent: deque[_Frame] = deque(maxlen=round(LOOK_BACK / FRAME))
        """While nobody speaks."""
        self._began: float | None = None
        self._voiced_until = 0.0
        self._next = 0.0
        """Where the next frame begins when none is missing."""

    @property
    def speaking(self) -> bool:
        """Whether there is an utterance."""
        return self._began is not None

    def add(self, at: float, audio: bytes, *, voiced: bool) -> list[SpeechEvent]:
        """Adds the next frame: `FRAME_BYTES` of audio, which begin `at` seconds of the track."""
        events: list[SpeechEvent] = []
        hole = at - self._next
        if abs(hole) > LONGEST_HOLE:
            events += self.end()
            self._recent.clear()
        elif hole >= FRAME and self.speaking:
            events.append(Heard(bytes(round(hole / FRAME) * FRAME_BYTES)))
        self._next = at + FRAME
        frame = _Frame(at, voiced, audio)
        return [*events, *(self._continue(frame) if self.speaking else self._wait(frame))]

    def end(self) -> list[SpeechEvent]:
        """No audio follows for now. Ends the utterance, if there is one."""
        if self._began is None:
            return []
        self._began = None
        return [Ended()]

    def _wait(self, frame: _Frame) -> list[SpeechEvent]:
        self._recent.append(frame)
        window = list(self._recent)[-ONSET_WINDOW:]
        if sum(each.voiced for each in window) < ONSET_VOICED:
            return []
        first = self._recent[0]
        audio = b"".join(each.audio for each in self._recent)
        self._recent.clear()
        self._began, self._voiced_until = first.at, self._next
        return [Began(first.at), Heard(audio)]

    def _continue(self, frame: _Frame) -> list[SpeechEvent]:
        assert self._began is not None
        if frame.voiced:
            self._voiced_until = self._next
        lasted, pause = self._next - self._began, self._next - self._voiced_until
        heard = Heard(frame.audio)
        if pause >= HANGOVER or (lasted >= LONG and pause >= SHORT_PAUSE) or lasted >= LONGEST:
            return [heard, *self.end()]
        return [heard]
