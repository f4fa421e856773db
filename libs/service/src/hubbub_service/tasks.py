"""Background tasks that nobody awaits: referenced, named, and their failures logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

CANCEL_RETRY_INTERVAL = 0.2


class Tasks:
    """The background tasks of one owner."""

    def __init__(self, on_fatal: Callable[[str], None] | None = None) -> None:
        """`on_fatal` is called with a reason when a vital task ends, by failure or by return."""
        self._on_fatal = on_fatal
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Returns the number of running tasks."""
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str, *, vital: bool = False) -> asyncio.Task[Any]:
        """Starts a task. A vital task must not end before it is cancelled."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(lambda done: self._on_done(done, vital=vital))
        return task

    async def drain(self) -> None:
        """Waits until every task has ended by itself, including tasks that are spawned meanwhile."""
        while running := [task for task in self._running if not task.done()]:
            await asyncio.wait(running)

    async def close(self) -> None:
        """Cancels all tasks, and waits until they have ended."""
        while running := [task for task in self._running if not task.done()]:
            for task in running:
                task.cancel()
            # Repeated, because `asyncio.wait_for` of Python 3.11 can lose a cancellation.
            await asyncio.wait(running, timeout=CANCEL_RETRY_INTERVAL)

    def _on_done(self, task: asyncio.Task[Any], *, vital: bool) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("background task failed", task=task.get_name(), exc_info=error)
        if vital and self._on_fatal is not None:
            self._on_fatal(f"the task {task.get_name()} ended")
