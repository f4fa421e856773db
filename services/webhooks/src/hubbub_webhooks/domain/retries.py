"""When a delivery is tried again, and when it is given up.

Source: Standard Webhooks, "Deliverability and reliability".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

GIVE_UP_AFTER = 86_400.0
"""Seconds after an event for which its delivery is tried."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 600.0
"""Seconds between two attempts."""
_GONE = 410
_MAY_ASK_FOR_A_DELAY = frozenset({429, 503})


class Verdict(Enum):
    """What becomes of an event after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one attempt."""

    status: int | None
    """Of the answer; None when there was none."""
    error: str = ""
    """Why it failed."""
    retry_after: float | None = None
    """Seconds for which the endpoint asks to wait."""


def evaluate(attempt: Attempt, age: float) -> Verdict:
    """The verdict on an event that is `age` seconds old."""
    if attempt.status is not None and 200 <= attempt.status < 300:
        return Verdict.DELIVERED
    if attempt.status == _GONE or age >= GIVE_UP_AFTER:
        return Verdict.DEAD
    return Verdict.RETRY


def delay(attempts: int, attempt: Attempt, spread: float) -> float:
    """Seconds until the next attempt after `attempts` failed ones, the last of which was `attempt`.

    `spread`, from 0 to 1, distributes the attempts of many rooms.
    """
    backoff = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 16), LONGEST_DELAY) * (0.8 + 0.4 * spread)
    if attempt.status in _MAY_ASK_FOR_A_DELAY and attempt.retry_after is not None:
        return max(backoff, min(attempt.retry_after, LONGEST_DELAY))
    return backoff
