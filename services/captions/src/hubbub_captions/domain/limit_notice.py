"""When a room is told that its captions are limited, and when that they are complete again."""

from __future__ import annotations

QUIET_AFTER = 10.0
"""Seconds without a refusal after which captions count as complete."""


class LimitNotice:
    """The state of one room. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._refused_at: float | None = None

    def refused(self, now: float) -> bool:
        """Somebody's speech got no captions. Returns whether the room is to be told."""
        first = self._refused_at is None
        self._refused_at = now
        return first

    def expired(self, now: float) -> bool:
        """Returns, once, whether the room is to be told that captions are complete again."""
        if self._refused_at is None or now - self._refused_at < QUIET_AFTER:
            return False
        self._refused_at = None
        return True
