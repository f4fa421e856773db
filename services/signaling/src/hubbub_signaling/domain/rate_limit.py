"""The rate limit of one client's messages."""

from __future__ import annotations

from enum import Enum


class TokenBucket:
    """Allows `burst` uses at once and `rate` per second."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._updated_at = burst, 0.0

    def take(self, now: float) -> bool:
        """Whether one use is allowed at `now` (monotonic seconds)."""
        allowed = self._level(now) >= 1.0
        self._tokens -= allowed
        return allowed

    def is_full(self, now: float) -> bool:
        """Whether the bucket is full."""
        return self._level(now) >= self._burst

    def _level(self, now: float) -> float:
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate)
        self._updated_at = now
        return self._tokens


class Verdict(Enum):
    """The verdict on a message."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DISCONNECT = "disconnect"


class RateLimit:
    """Accepts `burst` messages at once and `rate` per second. After `max_refused` refusals it disconnects."""

    def __init__(self, *, rate: float = 100.0, burst: float = 1000.0, max_refused: int = 500) -> None:
        self._bucket = TokenBucket(rate=rate, burst=burst)
        self._max_refused = max_refused
        self._refused = 0

    def check(self, now: float) -> Verdict:
        """The verdict on one message at `now` (monotonic seconds)."""
        if self._bucket.take(now):
            return Verdict.ACCEPT
        self._refused += 1
        return Verdict.DISCONNECT if self._refused > self._max_refused else Verdict.REFUSE
