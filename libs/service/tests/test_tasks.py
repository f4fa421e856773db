"""Background tasks."""

from __future__ import annotations

import asyncio

from hubbub_service import Tasks


async def test_drain_waits_for_running_tasks_and_those_they_spawn() -> None:
    tasks, done = Tasks(), []

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.spawn(second(), "second")
        done.append("first")

    tasks.spawn(first(), "first")
    await tasks.drain()
    assert done == ["first", "second"]
