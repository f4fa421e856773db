"""The times at which this instance looks at calls again."""

from __future__ import annotations

import heapq


class DeadlineQueue:
    """One deadline for each key. A new one replaces the former one of its key."""

    def __init__(self) -> None:
        self._deadlines: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, key: str, deadline: int | None) -> None:
        """Sets the key's deadline, in Unix milliseconds; None removes it."""
        if deadline is None:
            self._deadlines.pop(key, None)
        elif self._deadlines.get(key) != deadline:
            self._deadlines[key] = deadline
            heapq.heappush(self._heap, (deadline, key))

    def next(self) -> int | None:
        """The earliest deadline."""
        while self._heap and self._deadlines.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: int) -> list[str]:
        """Removes and returns the keys whose deadlines have passed."""
        due: list[str] = []
        while (deadline := self.next()) is not None and deadline <= now:
            _, key = heapq.heappop(self._heap)
            del self._deadlines[key]
            due.append(key)
        return due
