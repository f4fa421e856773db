"""Fires the deadlines of all live calls, on every instance.

The deadlines are in the records. An instance that is killed takes none with it: the others have seen the same records,
and one that starts reads them. Each instance waits a random moment longer, so that mostly one of them writes; when two
do, a compare-and-set refuses one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import structlog

from hubbub_bus import unix_ms
from hubbub_contracts import HubbubError
from hubbub_service import Tasks, report_failure

from ..domain.call import next_deadline
from ..domain.deadline_queue import DeadlineQueue
from ..domain.live_calls import LiveCalls
from ..handlers.context import CallsContext
from ..handlers.deadlines import fire

_log = structlog.get_logger(__name__)

SPREAD = 100
"""Milliseconds: the longest random delay."""
RETRY = 1_000
"""Milliseconds after a failure."""
MAX_CONCURRENT = 64


class DeadlineLoop:
    """One task that waits for the next deadline."""

    def __init__(self) -> None:
        self._queue = DeadlineQueue()
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    def call_changed(self, calls: LiveCalls, key: str) -> None:
        """The call at `key` was written or removed."""
        call = calls.get(key)
        deadline = None if call is None else next_deadline(call.record)
        self._queue.set(key, None if deadline is None else deadline + random.randrange(SPREAD))  # noqa: S311
        self._changed.set()

    def start(self, context: CallsContext, tasks: Tasks) -> None:
        """Starts firing."""
        tasks.spawn(self._run(context, tasks), "deadlines", vital=True)

    async def _run(self, context: CallsContext, tasks: Tasks) -> None:
        while True:
            self._changed.clear()
            for key in self._queue.pop_due(unix_ms()):
                tasks.spawn(self._fire(context, key), "deadline")
            earliest = self._queue.next()
            with contextlib.suppress(TimeoutError):
                # `asyncio.wait_for` of Python 3.11 would lose a cancellation that arrives together with the event.
                async with asyncio.timeout(None if earliest is None else max(0.0, (earliest - unix_ms()) / 1000)):
                    await self._changed.wait()

    async def _fire(self, context: CallsContext, key: str) -> None:
        try:
            async with self._slots:
                await fire(context, key)
        except HubbubError as error:
            _log.info("a deadline was not fired, retrying", key=key, error=error.message)
            self._retry(key)
        except Exception as error:  # noqa: BLE001  a bug must not stop the other deadlines
            report_failure("a deadline failed, retrying", error, key=key)
            self._retry(key)

    def _retry(self, key: str) -> None:
        self._queue.set(key, unix_ms() + RETRY)
        self._changed.set()
