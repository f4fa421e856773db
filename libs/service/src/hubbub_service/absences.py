"""Since when something has been missing. Pure: time is an argument, in monotonic seconds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class Absences(Generic[KeyT]):
    """Tells an absence that lasts from one that ends soon, such as a lease that is seen later than what names it."""

    def __init__(self, delay: float) -> None:
        """`delay`: seconds after which an absence counts."""
        self._delay = delay
        self._since: dict[KeyT, float] = {}

    def lasting(self, missing: Iterable[KeyT], now: float) -> list[KeyT]:
        """Takes note of all that is missing now: anything else has returned. Returns what was for the whole delay."""
        self._since = {each: self._since.get(each, now) for each in missing}
        return [each for each, since in self._since.items() if now - since >= self._delay]

    def forget(self) -> None:
        """Restarts every delay, because a return may have been missed."""
        self._since.clear()
