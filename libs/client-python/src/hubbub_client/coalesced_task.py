"""Runs one coroutine function repeatedly, one run at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .background import retrieve_exception
from .errors import CallError


class CoalescedTask:
    """Requests made during a run share the run after it, so that every request is followed by a complete run.

    Arguments:
        task: what to run.
        finished: called after each run, also after one that failed.
    """

    def __init__(self, task: Callable[[], Awaitable[None]], finished: Callable[[], None]) -> None:
        self._task = task
        self._finished = finished
        self._last: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._current: asyncio.Task[None] | None = None
        self.failure: Exception | None = None
        """Why the last run failed; None: it did not."""

    @property
    def is_idle(self) -> bool:
        """Whether no run is in progress and none is requested."""
        return self._current is None and self._next is None

    @property
    def is_settled(self) -> bool:
        """Whether it is idle, and the last run need not be retried."""
        return self.is_idle and not (self.failure is not None and CallError.of(self.failure).retryable)

    async def run(self) -> None:
        """Requests a run and waits for it. Raises what the run raises."""
        if self._next is None:
            self._next = self._last = asyncio.create_task(self._run_after(self._last), name="coalesced-task")
            self._next.add_done_callback(retrieve_exception)
        await asyncio.shield(self._next)

    async def cancel(self) -> None:
        """Cancels the run in progress and the requested one, and waits until they have ended."""
        tasks = {task for task in (self._current, self._last) if task is not None}
        self._next = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run_after(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        self._current, self._next = self._next, None
        try:
            await self._task()
            self.failure = None
        except Exception as error:
            self.failure = error
            raise
        finally:
            self._current = None
            self._finished()
