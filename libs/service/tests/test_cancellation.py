"""Cancelling a task reliably."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_service import cancel_and_wait, cancellation


async def test_a_task_that_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "RETRY_INTERVAL", 0.01)
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
    assert await cancel_and_wait(task) == set()
    assert task.cancelled()
    assert lost == 1


async def test_a_clean_up_of_half_a_second_is_not_interrupted() -> None:
    cleaned_up = False

    async def clean_up() -> None:
        nonlocal cleaned_up
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.5)
            cleaned_up = True

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert cleaned_up


async def test_the_exception_of_a_failed_task_is_discarded() -> None:
    async def fail() -> None:
        raise RuntimeError("ignored")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert task.done()


async def test_a_task_that_never_ends_is_returned_after_the_timeout() -> None:
    released = asyncio.Event()

    async def never_end() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(never_end())
    await asyncio.sleep(0)
    assert await cancel_and_wait(task, timeout=0.05) == {task}
    released.set()
    await task
