"""How many messages a client may send: a token bucket, time as an argument."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What becomes of a message."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DISCONNECT = "disconnect"


class RateLimit:
    """`burst` messages at once, `rate` a second; whoever goes on for `patience` refused ones is disconnected."""

    def __init__(self, *, rate: float = 100.0, burst: float = 1000.0, patience: int = 500) -> None:
        self._rate, self._burst, self._patience = rate, burst, patience
        self._tokens, self._at, self._refused = burst, 0.0, 0

    def judge(self, now: float) -> Verdict:
        """One message at `now` (monotonic seconds)."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return Verdict.ACCEPT
        self._refused += 1
        return Verdict.DISCONNECT if self._refused > self._patience else Verdict.REFUSE
