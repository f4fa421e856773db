"""When the clients of a room are told how many watch. Pure: times are monotonic seconds.

Rules
- A change is told at once, or at the end of the period since the last time.
- The period grows with the audience, as everybody in the room is told.
- A number that has changed and changed back is told, too: who joined in between was answered with the other one.
"""

from __future__ import annotations

PERIODS = ((100, 1.0),)
"""Up to this many in the audience -> seconds from one event to the next at the least."""
LONGEST_PERIOD = 10.0
"""For more than all of these."""


def period(audience: int) -> float:
    """Seconds from one event to the next at the least."""
    return next((seconds for most, seconds in PERIODS if audience <= most), LONGEST_PERIOD)


class AudienceNews:
    """What the clients of one room have been told."""

    def __init__(self) -> None:
        self._pending = False
        self._told_at: float | None = None

    def changed(self) -> None:
        """The number has changed."""
        self._pending = True

    def wait(self, audience: int, now: float) -> float | None:
        """Seconds until the present number is to be told: 0 is at once. None: it is known."""
        if not self._pending:
            return None
        return 0.0 if self._told_at is None else max(self._told_at + period(audience) - now, 0.0)

    def told(self, now: float) -> None:
        """Everybody has been told the present number."""
        self._pending, self._told_at = False, now
