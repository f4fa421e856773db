"""What the room does not know of cannot stay: it was made for somebody who died before saying so.

Rules
- An object is *confirmed* while the room's feed shows it. It may be missing for a while, since it is made first
  and told afterwards; when it has been missing for the whole patience it is overdue.
- Only a healthy feed tells what is missing. While it is not, nothing is overdue, and afterwards the patience begins
  anew: a call does not die because the bus did.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

PATIENCE = 10.0
"""Seconds."""

KeyT = TypeVar("KeyT")


class Confirmation(Generic[KeyT]):
    """Since when each object of one room has been missing from its feed. Times are seconds of one clock."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._missing_since: dict[KeyT, float] = {}

    def overdue(self, now: float, held: AbstractSet[KeyT], shown: AbstractSet[KeyT], *, healthy: bool) -> set[KeyT]:
        """Which of the `held` objects have been missing for the whole patience. To be asked now and then."""
        missing = held - shown if healthy else set[KeyT]()
        self._missing_since = {key: self._missing_since.get(key, now) for key in missing}
        return {key for key, since in self._missing_since.items() if now - since >= self._patience}
