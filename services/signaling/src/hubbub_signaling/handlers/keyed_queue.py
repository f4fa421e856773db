"""The order of one client's operations.

Rules
- Operations with the same key, mostly a transport's id, run one after another in the order of their submission.
- Operations with different keys, or without one, run concurrently.
- A barrier waits for all pending operations or cancels them. Operations submitted later wait for the barrier.
- The `on_cancelled` of a cancelled operation is called once, whether or not the operation had started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from hubbub_service import Tasks, cancel_and_wait


class Barrier(Enum):
    """The effect of a barrier on the pending operations."""

    DRAIN = "drain"
    """Waits for them."""
    CANCEL = "cancel"
    """Cancels them."""


@dataclass(frozen=True)
class Operation:
    """A unit of work."""

    run: Callable[[], Awaitable[None]]
    on_cancelled: Callable[[], None]


class KeyedQueue:
    """Runs one client's operations."""

    def __init__(self, limit: int = 256) -> None:
        """`limit` is the number of pending operations at which the queue is full."""
        self._limit = limit
        self._tasks = Tasks()
        self._pending: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}
        self._barrier: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether the limit is reached. The caller must not submit more."""
        return len(self._pending) >= self._limit

    def submit(self, key: str | None, operation: Operation) -> None:
        """Runs the operation after the barrier and after the operations with the same key."""
        before = [task for task in (self._barrier, self._last.get(key) if key else None) if task is not None]
        task = self._start(before, operation)
        if key is not None:
            self._last[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))

    def submit_barrier(self, barrier: Barrier, operation: Operation) -> None:
        """Runs the operation after all pending operations have ended."""
        before = list(self._pending)
        if barrier is Barrier.CANCEL:
            for task in before:
                task.cancel()
        self._barrier = self._start(before, operation)

    async def cancel(self) -> None:
        """Cancels all operations. Returns when they have ended."""
        while self._pending:
            await cancel_and_wait(*self._pending)
            await asyncio.sleep(0)  # until the callbacks of the ended tasks have run

    def _start(self, before: Iterable[asyncio.Task[None]], operation: Operation) -> asyncio.Task[None]:
        task = self._tasks.spawn(_run(before, operation), "session-operation")
        self._pending.add(task)
        task.add_done_callback(lambda done: self._ended(done, operation))
        return task

    def _ended(self, task: asyncio.Task[None], operation: Operation) -> None:
        self._pending.discard(task)
        if self._barrier is task:
            self._barrier = None
        if task.cancelled():
            operation.on_cancelled()

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._last.get(key) is task:
            del self._last[key]


async def _run(before: Iterable[asyncio.Task[None]], operation: Operation) -> None:
    waiting = [task for task in before if not task.done()]
    if waiting:
        await asyncio.wait(waiting)
    await operation.run()
