"""Ending a task for certain."""

from __future__ import annotations

import asyncio

from hubbub_bus import cancel_and_wait


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    lost = 0

    async def deaf_once() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost += 1

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert task.cancelled()
    assert lost == 1


async def test_a_task_that_has_failed_ends_in_silence() -> None:
    async def fail() -> None:
        raise RuntimeError("nobody asks")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert task.done()
