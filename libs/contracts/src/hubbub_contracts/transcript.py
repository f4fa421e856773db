"""What was said in a room while it had captions: the final segments with their speakers, as JSON and WebVTT."""

from __future__ import annotations

import re

from pydantic import Field

from .base import Model
from .bus.captions import CaptionText
from .types import Count, DisplayName, UserId

MAX_LINES = 20_000
"""About a day of speech. Later lines are left out."""


class TranscriptLine(Model):
    """One final segment. Times are Unix milliseconds."""

    user_id: UserId
    """The `userId` of the speaker."""
    name: DisplayName
    """The name of the speaker."""
    text: CaptionText
    """What was said."""
    start: Count
    """Unix milliseconds."""
    end: Count
    """As `start`."""


class Transcript(Model):
    """The transcript of one room: the content of its JSON file."""

    room_id: str
    """The room's id: its call id in base64url."""
    began_at: Count
    """Unix milliseconds. In the WebVTT file this is 0."""
    lines: list[TranscriptLine] = Field(default_factory=list)
    """In the order of their beginnings."""


class TranscriptLog:
    """A transcript that grows."""

    def __init__(self, room_id: str, began_at: int, known: Transcript | None = None) -> None:
        """`began_at` is Unix milliseconds. `known` is what was written before, by this process or another one."""
        self._room_id = room_id
        self._began_at = began_at
        self._lines = [] if known is None else list(known.lines)

    def __len__(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def add(self, line: TranscriptLine) -> None:
        """Adds a line, in any order."""
        if len(self._lines) < MAX_LINES:
            self._lines.append(line)

    def transcript(self) -> Transcript:
        """The transcript until now."""
        lines = sorted(self._lines, key=lambda line: (line.start, line.end))
        return Transcript(room_id=self._room_id, began_at=self._began_at, lines=lines)


def to_json(transcript: Transcript) -> str:
    """The content of the JSON file."""
    return transcript.model_dump_json(indent=1) + "\n"


def to_webvtt(transcript: Transcript) -> str:
    """The transcript as WebVTT (W3C). Times are relative to `began_at`."""
    cues = (
        f"{_timestamp(line.start - transcript.began_at)} --> {_timestamp(line.end - transcript.began_at)}\n"
        f"<v {_escape(line.name)}>{_escape(line.text)}\n"
        for line in transcript.lines
    )
    return "\n".join(("WEBVTT\n", *cues))


def _timestamp(milliseconds: int) -> str:
    """`hh:mm:ss.ttt`. Audio that was kept from before the beginning counts as its beginning."""
    seconds, milliseconds = divmod(max(0, milliseconds), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def _escape(text: str) -> str:
    """Text of a cue: without line breaks, which could end it, and without markup."""
    flat = re.sub(r"\s+", " ", text).strip()
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
