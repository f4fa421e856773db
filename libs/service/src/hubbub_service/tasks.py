"""Background tasks that nobody awaits: kept alive, named, and never failing in silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

CANCEL_AGAIN_AFTER = 0.2


class Tasks:
    """The background tasks of one owner. A failure is logged; that of a vital task is also told to `on_fatal`."""

    def __init__(self, on_fatal: Callable[[str], None] | None = None) -> None:
        self._on_fatal = on_fatal
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str, *, vital: bool = False) -> asyncio.Task[Any]:
        """Runs `work`. A vital task is one that must not end: when it does, the service is told to stop."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, vital=vital))
        return task

    async def drain(self) -> None:
        """Waits until every task has ended by itself, also those that are spawned meanwhile."""
        while running := [task for task in self._running if not task.done()]:
            await asyncio.wait(running)

    async def close(self) -> None:
        """Cancels what runs, and waits until it has ended."""
        while running := [task for task in self._running if not task.done()]:
            for task in running:
                task.cancel()
            # Again after a while: `asyncio.wait_for` of Python 3.11 may lose a cancellation.
            await asyncio.wait(running, timeout=CANCEL_AGAIN_AFTER)

    def _ended(self, task: asyncio.Task[Any], *, vital: bool) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("the task %s failed", task.get_name(), exc_info=error)
        if vital and self._on_fatal is not None:
            self._on_fatal(f"the task {task.get_name()} ended")
