"""Tests of `CoalescedTask`."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub_client.coalesced_task import CoalescedTask


class Runs:
    """A task whose runs end when the test says so."""

    def __init__(self) -> None:
        self.ends: list[asyncio.Future[None]] = []
        self.finished = 0
        self.task = CoalescedTask(self._run, self._finish)

    async def _run(self) -> None:
        self.ends.append(asyncio.get_running_loop().create_future())
        await self.ends[-1]

    def _finish(self) -> None:
        self.finished += 1

    def request(self) -> asyncio.Task[None]:
        """Requests a run."""
        return asyncio.create_task(self.task.run())


async def until(condition: Callable[[], bool]) -> None:
    """Lets other tasks run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


async def test_requests_during_a_run_share_one_run_after_it() -> None:
    runs = Runs()
    first = runs.request()
    await until(lambda: len(runs.ends) == 1)
    second, third = runs.request(), runs.request()
    await until(lambda: not runs.task.is_idle)
    runs.ends[0].set_result(None)
    await first
    await until(lambda: len(runs.ends) == 2)
    runs.ends[1].set_result(None)
    await asyncio.gather(second, third)
    assert (len(runs.ends), runs.finished, runs.task.is_idle) == (2, 2, True)


async def test_a_failed_run_fails_its_own_requests_and_does_not_stop_the_next_run() -> None:
    runs = Runs()
    failing = runs.request()
    await until(lambda: len(runs.ends) == 1)
    following = runs.request()
    await asyncio.sleep(0)
    runs.ends[0].set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await failing
    assert str(runs.task.failure) == "no"
    await until(lambda: len(runs.ends) == 2)
    runs.ends[1].set_result(None)
    await following
    assert runs.finished == 2


async def test_cancelling_ends_the_run_in_progress_and_the_requested_one() -> None:
    runs = Runs()
    running = runs.request()
    await until(lambda: len(runs.ends) == 1)
    waiting = runs.request()
    await asyncio.sleep(0)
    await runs.task.cancel()
    results = await asyncio.gather(running, waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    await until(runs.ends[0].cancelled)
    assert len(runs.ends) == 1
