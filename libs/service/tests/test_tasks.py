"""Background tasks."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_service import Tasks
from hubbub_service.metrics import Metrics


async def fail() -> None:
    raise RuntimeError("a detail")


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


async def test_a_failure_is_logged_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tasks, metrics = Tasks(), Metrics("registry")

    def failures() -> float:
        exposition = metrics.exposition()[0].decode()
        line = next(line for line in exposition.splitlines() if line.startswith("hubbub_task_failures_total"))
        return float(line.split()[1])

    before = failures()
    tasks.spawn(fail(), "detail")
    await tasks.drain()
    assert failures() == before + 1
    assert "a detail" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["fails", "returns", "is cancelled from inside"])
async def test_the_end_of_a_vital_task_is_fatal(how: str) -> None:
    reasons: list[str] = []
    tasks = Tasks(on_fatal=reasons.append)

    async def work() -> None:
        if how == "fails":
            raise RuntimeError
        if how == "is cancelled from inside":
            # As when a library closes and cancels the future that this task awaits.
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

    tasks.spawn(work(), "loop", vital=True)
    await tasks.drain()
    assert reasons == ["the task loop ended"]


async def test_a_vital_task_that_its_owner_closes_is_not_fatal() -> None:
    reasons: list[str] = []
    tasks = Tasks(on_fatal=reasons.append)
    tasks.spawn(asyncio.sleep(10), "loop", vital=True)
    await tasks.close()
    await asyncio.sleep(0)
    assert reasons == []


async def test_work_that_is_spawned_after_the_close_does_not_start() -> None:
    tasks, started = Tasks(), []

    async def work() -> None:
        started.append("work")

    await tasks.close()
    task = tasks.spawn(work(), "late")
    await asyncio.wait({task})
    assert started == []
