"""The writes of one pass do not depend on each other."""

from __future__ import annotations

import asyncio
import warnings
from functools import partial

import pytest

from hubbub_bus import KeyConflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_registry.handlers.concurrent_writes import CONCURRENT_WRITES, run_writes
from hubbub_service.tasks import failure_count


@pytest.mark.parametrize(
    ("failure", "is_bug"),
    [
        (KeyConflict("key"), False),
        (HubbubError(ErrorCode.UNAVAILABLE, "no store", retryable=True), False),
        (RuntimeError("a bug"), True),
    ],
    ids=["another replica was faster", "the store does not answer", "a bug"],
)
async def test_failed_write_does_not_stop_the_others(failure: Exception, is_bug: bool) -> None:
    written: list[int] = []

    async def write(number: int) -> None:
        await asyncio.sleep(0)
        if number == 1:
            raise failure
        written.append(number)

    before = failure_count()
    results = await run_writes("test", [partial(write, number) for number in range(3)])
    assert results == [True, False, True]
    assert written == [0, 2]
    assert failure_count() - before == is_bug


async def test_cancelled_pass_leaves_no_write_unawaited() -> None:
    async def write() -> None:
        await asyncio.sleep(60)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writing = asyncio.create_task(run_writes("test", [write] * (2 * CONCURRENT_WRITES)))
        await asyncio.sleep(0.01)
        writing.cancel()
        await asyncio.wait({writing})
    assert writing.cancelled()
