"""Limits how often clients together cause a request to another server."""

from __future__ import annotations


class FetchBudget:
    """At most one request in an interval."""

    def __init__(self, interval: float) -> None:
        """`interval` is in seconds."""
        self._interval = interval
        self._taken_at: float | None = None

    def take(self, now: float) -> bool:
        """Whether the request may be sent at the time `now`, in seconds."""
        if self._taken_at is not None and now - self._taken_at < self._interval:
            return False
        self._taken_at = now
        return True
