"""Cancelling a task reliably."""

from __future__ import annotations

import asyncio

from hubbub_bus import cancel_and_wait


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def ignore_one_cancellation() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost += 1

    task = asyncio.create_task(ignore_one_cancellation())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert task.cancelled()
    assert lost == 1


async def test_the_exception_of_a_failed_task_is_discarded() -> None:
    async def fail() -> None:
        raise RuntimeError("ignored")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert task.done()
