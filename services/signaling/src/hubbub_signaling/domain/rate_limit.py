"""The rate limit of one client's messages: a token bucket."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What to do with a message."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DISCONNECT = "disconnect"


class RateLimit:
    """Accepts `burst` messages at once and `rate` per second. After `max_refused` refusals it disconnects."""

    def __init__(self, *, rate: float = 100.0, burst: float = 1000.0, max_refused: int = 500) -> None:
        self._rate, self._burst, self._max_refused = rate, burst, max_refused
        self._tokens, self._updated_at, self._refused = burst, 0.0, 0

    def check(self, now: float) -> Verdict:
        """The verdict on one message at `now` (monotonic seconds)."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate)
        self._updated_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return Verdict.ACCEPT
        self._refused += 1
        return Verdict.DISCONNECT if self._refused > self._max_refused else Verdict.REFUSE
