"""Cancelling a task reliably."""

from __future__ import annotations

import asyncio
from typing import Any

RETRY_INTERVAL = 0.2
"""Seconds between two cancellations of a task that ignored the first."""


async def cancel_and_wait(task: asyncio.Task[Any]) -> None:
    """Cancels `task` and returns once it is done. An exception of the task is discarded.

    Cancels repeatedly: `asyncio.wait_for` of Python 3.11, which nats-py uses for every reply, loses a cancellation that
    arrives together with the result.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=RETRY_INTERVAL)
    if not task.cancelled():
        task.exception()  # marks it as retrieved, so that asyncio does not log it
