"""When a node that drains may end (ADR 48).

| peers that leave | peers whose clients could | nobody leaves         | the node                                     |
|------------------|---------------------------|-----------------------|----------------------------------------------|
| some             | any                       |                       | waits                                        |
| none             | some, and some of them    | any                   | waits: they leave it as soon as they have    |
|                  | are still coming          |                       | left the node before it                      |
| none             | some                      | for less than 1.5 s   | waits                                        |
| none             | some                      | for longer            | ends: there is no other node, or no registry |
| none             | none                      |                       | ends                                         |

At the deadline it ends in any case.
"""

from __future__ import annotations

from typing import Final

from .room_view import Movers

QUIET_TIMEOUT: Final = 1.5
"""Seconds in which the first peer begins to leave, and the next one after the last."""


class DrainProgress:
    """Times are seconds of a monotonic clock."""

    def __init__(self, started: float, timeout: float) -> None:
        """`timeout`: how long the drain may take."""
        self._deadline = started + timeout
        self._seen = started

    def is_over(self, now: float, movers: Movers, behind: int) -> bool:
        """Call it periodically. `behind`: producers that were replaced, and are still needed here."""
        if movers.leaving or movers.coming or behind:
            self._seen = now
        waits = movers.leaving or behind or (movers.staying and now - self._seen < QUIET_TIMEOUT)
        return not waits or now >= self._deadline
