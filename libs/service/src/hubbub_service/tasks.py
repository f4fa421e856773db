"""Background tasks: referenced, named, and their failures logged and counted.

Rules
- A vital task ends only when its owner is closed. When it ends otherwise, also because something that it awaited was
  cancelled, the owner calls `on_fatal`, which ends the service.
- A closed owner starts no task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from .cancellation import cancel_and_wait

_log = structlog.get_logger(__name__)


class _FailureCount:
    """The failures of background tasks in this process."""

    value = 0


def failure_count() -> int:
    """How many background tasks of this process have failed."""
    return _FailureCount.value


def report_failure(event: str, error: BaseException | None, **context: object) -> None:
    """Logs and counts a failure that nobody awaits."""
    _FailureCount.value += 1
    _log.error(event, exc_info=error, **context)


class Tasks:
    """The background tasks of one owner."""

    def __init__(self, on_fatal: Callable[[str], None] | None = None) -> None:
        """`on_fatal` is called with a reason when a vital task ends."""
        self._on_fatal = on_fatal
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        """Returns the number of running tasks."""
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str, *, vital: bool = False) -> asyncio.Task[Any]:
        """Starts a task. A vital task must not end before it is cancelled by `close`."""
        task = asyncio.create_task(work, name=name)
        if self._closed:
            task.cancel()
        self._running.add(task)
        task.add_done_callback(lambda done: self._on_done(done, vital=vital))
        return task

    async def drain(self) -> None:
        """Waits until every task has ended by itself, including tasks that are spawned meanwhile."""
        while running := [task for task in self._running if not task.done()]:
            await asyncio.wait(running)

    async def close(self, timeout: float | None = None) -> None:
        """Cancels all tasks, and waits until they have ended, for at most `timeout` seconds."""
        self._closed = True
        for task in await cancel_and_wait(*self._running, timeout=timeout):
            _log.warning("background task does not end", task=task.get_name())

    def _on_done(self, task: asyncio.Task[Any], *, vital: bool) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            report_failure("background task failed", error, task=task.get_name())
        if vital and not self._closed and self._on_fatal is not None:
            self._on_fatal(f"the task {task.get_name()} ended")
