"""Tasks that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def retrieve_exception(task: asyncio.Future[Any]) -> None:
    """A done callback for a task whose failure was reported otherwise: asyncio would log it again."""
    if not task.cancelled():
        task.exception()


class BackgroundTasks:
    """Keeps tasks until they have ended, and reports those that fail."""

    def __init__(self, failed: Callable[[BaseException], None] = lambda _: None) -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs work."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Cancels all."""
        for task in list(self._tasks):
            task.cancel()

    async def wait(self, seconds: float) -> None:
        """Waits until those that run now have ended, or for so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)
