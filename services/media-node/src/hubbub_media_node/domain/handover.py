"""How a producer that is on another node than before is handed over, and when what is left of it is closed (ADR 48).

A *copy* is a producer as this node has it: of a peer here, or of another node. While a peer moves, there is a copy of
the former producer and one of its successor, with the same id. A *source* is what consumers on one router get a copy
from: itself, or the far end of its pipe. `later` is after 3 s, or once nothing more arrives from the former one: its
node is dead, or has closed it.

A copy that stands by (ADR 51) stays. Those who consume it, because its node did not know yet that the producer is on
another one, get the successor at any time.

| sources that somebody uses         | sent to another node | time      | copy of another node       | of a peer here  |
|------------------------------------|----------------------|-----------|----------------------------|-----------------|
| none                               | no                   | any       | close                      | close           |
| none                               | yes                  | up to 3 s | wait                       | wait            |
| none                               | yes                  | later     | close                      | close           |
| all of them wait for the successor | any                  | up to 3 s | wait                       | wait            |
| all of them wait for the successor | any                  | later     | close: they switch at once | close           |
| some do not wait yet               | any                  | up to 3 s | get successor              | get successor   |
| some do not wait yet               | any                  | later     | get successor              | close: they end |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

HANDOVER_TIMEOUT: Final = 3.0
"""Seconds for which a peer's client keeps what it has left, and so does this node."""
RETRIES: Final = (0.1, 0.5, 1.0, 2.0)
"""Seconds after which a successor that could not be had is tried again; the last value applies to all later ones."""

HandoverStep = Literal["close", "get successor", "wait"]


@dataclass(slots=True, eq=False)
class Handover:
    """What is known of a copy whose producer is on another node now."""

    since: float
    """When the room's record said so, in seconds of a monotonic clock."""
    is_new: bool = True
    """The core was not asked to replace any of its sources yet."""
    ended: bool = False
    """Nothing more arrives from the former copy."""
    switched: set[int] = field(default_factory=set)
    """The sources whose consumers have switched."""
    getting: bool = False
    closing: bool = False
    """Work is under way."""
    attempts: int = 0
    due: float = 0.0
    """When the successor may be tried again, in seconds of a monotonic clock."""

    def next_step(
        self, now: float, used: int, asking: int, *, is_here: bool, is_sent: bool, stays: bool = False
    ) -> HandoverStep:
        """What to do next, by the table of this module.

        Arguments:
            now: seconds of a monotonic clock.
            used: sources that somebody uses.
            asking: those of them that do not wait for the successor yet.
            is_here: the peer's client sends the copy to this node.
            is_sent: another node gets it from here.
            stays: the copy stands by.
        """
        if stays:
            return "get successor" if asking else "wait"
        is_over = self.ended or now - self.since >= HANDOVER_TIMEOUT
        if not used and not is_sent:
            return "close"
        if is_over and (is_here or not asking):
            return "close"
        return "get successor" if asking else "wait"

    def is_due(self, now: float) -> bool:
        """Whether the successor may be tried now."""
        return not self.getting and now >= self.due

    def failed(self, now: float) -> None:
        """The successor could not be had."""
        self.due = now + RETRIES[min(self.attempts, len(RETRIES) - 1)]
        self.attempts += 1

    def replaced(self, source: int) -> None:
        """The core has no consumers of a source any more."""
        self.switched.add(source)
