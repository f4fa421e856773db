"""Estimates of the clock skew of other processes, from the time stamps of their messages.

Nothing depends on equal clocks; a difference is reported because operators compare logs and credentials expire by time.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_SKEW = 1.0
"""Seconds. A larger difference is reported."""
LATENESS_WEIGHT = 0.25
"""The weight of a message that makes the difference look larger: a delay looks like a difference."""
FORGET_AFTER = 30.0
"""Seconds after its last message at which a sender is forgotten."""
WARN_INTERVAL = 300.0
"""Seconds between two warnings about one sender."""


@dataclass(slots=True)
class _Sender:
    skew: float
    seen_at: float
    warned_at: float | None = None


class ClockSkews:
    """The estimated difference for each sender. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._senders: dict[str, _Sender] = {}

    def observe(self, name: str, skew: float, now: float) -> bool:
        """Records that a message looks as if the sender's clock were `skew` seconds behind this one.

        Returns whether a warning about the sender is due.
        """
        sender = self._senders.get(name)
        if sender is None:
            sender = self._senders[name] = _Sender(skew, now)
        elif abs(skew) > abs(sender.skew):
            sender.skew += (skew - sender.skew) * LATENESS_WEIGHT
        else:
            sender.skew = skew
        sender.seen_at = now
        recently = sender.warned_at is not None and now - sender.warned_at < WARN_INTERVAL
        if abs(sender.skew) <= MAX_SKEW or recently:
            return False
        sender.warned_at = now
        return True

    def of(self, name: str) -> float:
        """Returns the estimate for one sender, in seconds."""
        return self._senders[name].skew

    def largest(self, now: float) -> float:
        """Returns the largest difference, in seconds and positive; 0 without senders."""
        self._senders = {name: sender for name, sender in self._senders.items() if now - sender.seen_at < FORGET_AFTER}
        return max((abs(sender.skew) for sender in self._senders.values()), default=0.0)
