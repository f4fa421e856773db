"""How long something has been missing. Pure: time is an argument, in monotonic seconds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class Absences(Generic[KeyT]):
    """Tells an absence that lasts from one that ends soon, such as a lease that is seen later than what names it."""

    def __init__(self, delay: float) -> None:
        """`delay`: seconds after which an absence counts."""
        self._delay = delay
        self._lasted: dict[KeyT, float] = {}
        """In seconds."""
        self._looked_at: float | None = None

    def lasting(self, missing: Iterable[KeyT], now: float) -> list[KeyT]:
        """Takes note of all that is missing now: anything else has returned. Returns what was for the whole delay."""
        passed = 0.0 if self._looked_at is None else now - self._looked_at
        self._looked_at = now
        self._lasted = {each: self._lasted[each] + passed if each in self._lasted else 0.0 for each in missing}
        return [each for each, lasted in self._lasted.items() if lasted >= self._delay]

    def skip(self) -> None:
        """Does not count the time between the last look and the next one, because a return could not be seen.

        What lasted before stays: else an absence would never count while the view is lost again and again.
        """
        self._looked_at = None
