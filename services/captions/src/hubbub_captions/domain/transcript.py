"""What was said in a room while it had captions: the final segments with their speakers, as JSON and WebVTT."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_LINES = 20_000
"""About a day of speech. Later lines are left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One final segment. Times are Unix milliseconds."""

    user_id: str
    name: str
    text: str
    start: int
    end: int


class Transcript:
    """The transcript of one room, from `began_at` in Unix milliseconds."""

    def __init__(self, room_id: str, began_at: int) -> None:
        self.room_id = room_id
        self.began_at = began_at
        self._lines: list[Line] = []

    def __len__(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def add(self, line: Line) -> None:
        """Adds a line, in any order."""
        if len(self._lines) < MAX_LINES:
            self._lines.append(line)

    def to_json(self) -> dict[str, Any]:
        """The transcript as a JSON object. Lines are in the order of their beginnings."""
        return {
            "roomId": self.room_id,
            "beganAt": self.began_at,
            "lines": [
                {"userId": line.user_id, "name": line.name, "text": line.text, "start": line.start, "end": line.end}
                for line in self._sorted()
            ],
        }

    def to_webvtt(self) -> str:
        """The transcript as WebVTT (W3C). Times are relative to `began_at`."""
        cues = (
            f"{_timestamp(line.start - self.began_at)} --> {_timestamp(line.end - self.began_at)}\n"
            f"<v {_escape(line.name)}>{_escape(line.text)}\n"
            for line in self._sorted()
        )
        return "\n".join(("WEBVTT\n", *cues))

    def _sorted(self) -> Iterator[Line]:
        return iter(sorted(self._lines, key=lambda line: (line.start, line.end)))


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
