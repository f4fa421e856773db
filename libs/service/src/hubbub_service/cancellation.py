"""Cancelling tasks reliably."""

from __future__ import annotations

import asyncio
from typing import Any

RETRY_INTERVAL = 1.0
"""Seconds between two cancellations of a task that goes on. A clean-up that takes longer is interrupted."""


async def cancel_and_wait(*tasks: asyncio.Task[Any], timeout: float | None = None) -> set[asyncio.Task[Any]]:
    """Cancels the tasks and returns once they are done, or after `timeout` seconds. Returns those that go on.

    Exceptions of the tasks are discarded. Cancels repeatedly: `asyncio.wait_for` of Python 3.11, which nats-py uses for
    every reply, loses a cancellation that arrives together with the result.
    """
    loop = asyncio.get_running_loop()
    ends = None if timeout is None else loop.time() + timeout
    pending = {task for task in tasks if not task.done()}
    while pending:
        remaining = RETRY_INTERVAL if ends is None else min(RETRY_INTERVAL, ends - loop.time())
        if remaining <= 0:
            break
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=remaining)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # marks it as retrieved, so that asyncio does not log it
    return pending
