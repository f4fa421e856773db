"""Which producers of the core it was asked to replace by which others (ADR 48).

The core reports a replacement when the last consumer has moved; some may have moved long before. So a successor counts
as used from the request on: until that report, or until the replaced producer is closed.
"""

from __future__ import annotations

from collections import Counter


class Replacements:
    """Those that the core has not reported as done. All ids are the core's."""

    def __init__(self) -> None:
        self._successors: dict[int, int] = {}
        self._awaited: Counter[int] = Counter()

    def successor_of(self, producer: int) -> int | None:
        """What a producer is being replaced by."""
        return self._successors.get(producer)

    def is_awaited(self, producer: int) -> bool:
        """Whether consumers of another one may have moved to a producer, or are about to."""
        return producer in self._awaited

    def ask(self, producer: int, successor: int) -> int | None:
        """The core is asked for this instead of what it was asked for before, which is returned."""
        before = self.end(producer)
        self._successors[producer] = successor
        self._awaited[successor] += 1
        return before

    def refused(self, producer: int, successor: int, before: int | None) -> None:
        """The core refused this. `before`, which `ask` has returned, holds on unless it has ended meanwhile."""
        if self._successors.get(producer) == successor:
            self.end(producer)
            if before is not None:
                self.ask(producer, before)

    def end(self, producer: int) -> int | None:
        """The core has moved the last consumer of a producer, or closed it. Returns what it was being replaced by."""
        successor = self._successors.pop(producer, None)
        if successor is not None:
            self._awaited[successor] -= 1
            if not self._awaited[successor]:
                del self._awaited[successor]
        return successor
