"""Ending a task for certain."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_AFTER = 0.2


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels the task and returns when it has ended.

    It cancels again while that does not help: `asyncio.wait_for` of Python 3.11, by which NATS's client waits for every
    answer, loses a cancellation that comes together with the answer.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_AFTER)
    if not task.cancelled():
        task.exception()  # looked at: whoever ends a task does not care how it failed
