"""What every payload format implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fragment:
    """The part of a frame that one packet carries."""

    data: bytes
    starts_key_frame: bool
    """Whether the packet is the first of a key frame: a decoder can start here."""


class Depacketizer(Protocol):
    """One payload format. It has no state: packets arrive in any order."""

    def parse(self, payload: bytes) -> Fragment:
        """Parses a payload, which is not empty. Raises ValueError when it is malformed."""
        ...

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The frame of all its fragments, in order. Raises ValueError when they do not fit together."""
        ...
