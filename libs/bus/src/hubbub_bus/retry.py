"""Repeating a compare-and-set that lost to another writer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hubbub_contracts import ErrorCode, HubbubError

from .kv import KeyConflict
from .operation import current_operation

ATTEMPTS = 24
MAX_PAUSE = 0.02
"""Seconds. The random pause grows to this length over ten attempts, to spread many writers of one key."""

ResultT = TypeVar("ResultT")


async def retry_on_conflict(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Calls `attempt` until it raises no KeyConflict, and returns its result.

    Raises a retryable `unavailable` after 24 attempts, `deadline_exceeded` when the request's deadline has passed, and
    the other exceptions of `attempt`.
    """
    operation = current_operation()
    for number in range(ATTEMPTS):
        try:
            return await attempt()
        except KeyConflict:
            if operation is not None and operation.expired:
                # The caller may have undone the request meanwhile: it must not take effect later.
                raise HubbubError(ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed", retryable=True) from None
            await asyncio.sleep(random.random() * MAX_PAUSE * min(number, 10) / 10)  # noqa: S311
    raise HubbubError(ErrorCode.UNAVAILABLE, "too many concurrent writes to the same record", retryable=True)
