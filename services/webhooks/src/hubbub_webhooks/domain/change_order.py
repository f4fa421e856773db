"""Puts the changes of one bucket into the order of their sequences, and finds those that are missing.

Instances capture changes side by side, so two neighbours may be swapped in the log. A change that is not next waits
for those before it. When they do not come within a time, they are lost, and the bucket has to be listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

ChangeT = TypeVar("ChangeT")

GAP_TIMEOUT = 2.0
"""Seconds for which a change waits for those before it."""
MAX_WAITING = 4_096
"""Changes that wait. With more, the missing ones count as lost."""


class ChangeOrder(Generic[ChangeT]):
    """The order of one bucket."""

    def __init__(self, last: int) -> None:
        """`last` is the sequence of the last change that is known."""
        self._last = last
        self._waiting: dict[int, ChangeT] = {}
        self._waits_since: float | None = None

    @property
    def last(self) -> int:
        """The sequence up to which all changes were returned."""
        return self._last

    @property
    def waits(self) -> bool:
        """Whether changes wait for those before them."""
        return bool(self._waiting)

    def add(self, sequence: int, change: ChangeT, now: float) -> Iterator[ChangeT]:
        """Yields the changes that are next, at the time `now` in seconds. A change that is known yields none."""
        if sequence <= self._last:
            return
        self._waiting[sequence] = change
        while (following := self._waiting.pop(self._last + 1, None)) is not None:
            self._last += 1
            self._waits_since = None
            yield following
        if self._waiting and self._waits_since is None:
            self._waits_since = now

    def has_gap(self, now: float) -> bool:
        """Whether changes are lost, at the time `now` in seconds."""
        if len(self._waiting) > MAX_WAITING:
            return True
        return self._waits_since is not None and now - self._waits_since >= GAP_TIMEOUT

    def skip(self) -> list[ChangeT]:
        """Returns what waits, in the order of the sequences, without the changes that are lost."""
        following = [self._waiting[sequence] for sequence in sorted(self._waiting)]
        self.restart(max(self._waiting, default=self._last))
        return following

    def restart(self, last: int) -> None:
        """The bucket was listed up to the sequence `last`. What waits is in the listing, or older."""
        self._last = last
        self._waiting.clear()
        self._waits_since = None
