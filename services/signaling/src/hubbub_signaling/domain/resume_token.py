"""The token that lets a client resume its session on a new socket."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hubbub_contracts import ErrorCode, HubbubError

_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,388})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]*)", re.ASCII)


@dataclass(frozen=True)
class ResumeToken:
    """`<room id>.<peer id>.<secret>`."""

    room_id: str
    peer_id: str
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> ResumeToken:
        """Raises `invalid_argument` when the text is not a token."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "resumeToken: not a resume token")
        return cls(*match.groups())

    def __str__(self) -> str:
        """The token as the client gets it."""
        return f"{self.room_id}.{self.peer_id}.{self.secret}"
