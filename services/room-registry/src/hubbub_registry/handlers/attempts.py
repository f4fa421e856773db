"""Trying again after a conflict, a bounded number of times, each time from what stands there now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hubbub_bus import KeyConflict
from hubbub_contracts import ErrorCode, HubbubError

ATTEMPTS = 24
PAUSE = 0.02
"""Seconds at most before the tenth and later attempts: a crowd at one key sorts itself out."""

ResultT = TypeVar("ResultT")


async def until_stored(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """The result of `attempt`, which is called anew after each KeyConflict. Raises `unavailable` in the end."""
    for number in range(ATTEMPTS):
        try:
            return await attempt()
        except KeyConflict:
            await asyncio.sleep(random.random() * PAUSE * min(number, 10) / 10)  # noqa: S311
    raise HubbubError(ErrorCode.UNAVAILABLE, "too many write to this at once", retryable=True)
