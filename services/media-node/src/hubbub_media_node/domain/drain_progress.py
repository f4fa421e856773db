"""When a node that drains may end (ADR 48).

| peers that leave | peers whose clients could | nobody leaves         | the node                                     |
|------------------|---------------------------|-----------------------|----------------------------------------------|
| some             | any                       |                       | waits                                        |
| none             | some, and some of them    | any                   | waits: they leave it as soon as they have    |
|                  | are still coming          |                       | left the node before it                      |
| none             | some                      | for less than 1.5 s   | waits                                        |
| none             | some                      | for longer            | ends: there is no other node, or no registry |
| none             | none                      |                       | ends                                         |

At the deadline it ends in any case, and when no registry has been heard for 6 s: none begins or ends a move, as when
the whole installation stops.
"""

from __future__ import annotations

from typing import Final

from .room_view import Movers

QUIET_TIMEOUT: Final = 1.5
"""Seconds in which the first peer begins to leave, and the next one after the last."""
REGISTRY_TIMEOUT: Final = 6.0
"""Seconds. Every replica of the registry publishes the revisions of rooms every 2 s."""
STEP: Final = 0.5
"""Seconds between two looks that count at most: a node that did not run could hear of nobody."""


class DrainProgress:
    """Times are seconds of a monotonic clock."""

    def __init__(self, started: float, timeout: float) -> None:
        """`timeout`: how long the drain may take."""
        self._deadline = started + timeout
        self._looked = started
        self._quiet = 0.0
        self._without_registry = 0.0

    def registry_heard(self) -> None:
        """A replica of the registry has published something."""
        self._without_registry = 0.0

    def is_over(self, now: float, movers: Movers, behind: int) -> bool:
        """Call it periodically. `behind`: producers that were replaced, and are still needed here."""
        step = min(now - self._looked, STEP)
        self._quiet += step
        self._without_registry += step
        self._looked = now
        if movers.leaving or movers.coming or behind:
            self._quiet = 0.0
        waits = movers.leaving or behind or (movers.staying and self._quiet < QUIET_TIMEOUT)
        return not waits or now >= self._deadline or self._without_registry >= REGISTRY_TIMEOUT
