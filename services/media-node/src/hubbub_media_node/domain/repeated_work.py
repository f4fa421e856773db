"""Work that is asked for again while it is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class RepeatedWork:
    """One run at a time. Another one follows if it was asked for meanwhile."""

    def __init__(self) -> None:
        self._running = False
        self._due = False

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs `work`, or returns at once while a run is under way, which is then followed by another one."""
        self._due = True
        if self._running:
            return
        self._running = True
        try:
            while self._due:
                self._due = False
                await work()
        finally:
            self._running = False
