"""The order of one client's operations.

Rules
- Operations of one lane (a transport, mostly) run one after another, in the order in which they came.
- Lanes run side by side.
- A barrier waits for everything before it, or cancels it; everything after it waits for the barrier.
- An operation that is cancelled, begun or not, is told so once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

CANCEL_AGAIN_AFTER = 0.2


@dataclass(frozen=True)
class Operation:
    """What is to be done, and what to say when it was cancelled."""

    run: Callable[[], Awaitable[None]]
    cancelled: Callable[[], None]


class Lanes:
    """Runs one client's operations. Not more than `limit` may be pending."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._pending: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}
        self._barrier: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether nothing more is taken now."""
        return len(self._pending) >= self._limit

    def submit(self, lane: str | None, operation: Operation) -> None:
        """Runs the operation after what was submitted to the same lane; at once when the lane is None."""
        before = [task for task in (self._barrier, self._last.get(lane) if lane else None) if task is not None]
        task = self._start(before, operation)
        if lane is not None:
            self._last[lane] = task
            task.add_done_callback(lambda done: self._forget(lane, done))

    def submit_barrier(self, operation: Operation, *, cancel: bool) -> None:
        """Runs the operation after everything that is pending, which is cancelled if `cancel`."""
        before = list(self._pending)
        if cancel:
            for task in before:
                task.cancel()
        self._barrier = self._start(before, operation)

    async def cancel(self) -> None:
        """Cancels everything and waits until it has ended."""
        while self._pending:
            pending = list(self._pending)
            for task in pending:
                task.cancel()
            # Again after a while: `asyncio.wait_for` of Python 3.11 may lose a cancellation.
            await asyncio.wait(pending, timeout=CANCEL_AGAIN_AFTER)

    def _start(self, before: Iterable[asyncio.Task[None]], operation: Operation) -> asyncio.Task[None]:
        task = asyncio.create_task(_run(before, operation))
        self._pending.add(task)
        task.add_done_callback(lambda done: self._ended(done, operation))
        return task

    def _ended(self, task: asyncio.Task[None], operation: Operation) -> None:
        self._pending.discard(task)
        if self._barrier is task:
            self._barrier = None
        if task.cancelled():
            operation.cancelled()

    def _forget(self, lane: str, task: asyncio.Task[None]) -> None:
        if self._last.get(lane) is task:
            del self._last[lane]


async def _run(before: Iterable[asyncio.Task[None]], operation: Operation) -> None:
    waiting = [task for task in before if not task.done()]
    if waiting:
        await asyncio.wait(waiting)
    await operation.run()
