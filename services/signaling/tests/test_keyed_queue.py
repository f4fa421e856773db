"""The order of one client's operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hubbub_signaling.handlers.keyed_queue import Barrier, KeyedQueue, Operation


class Log:
    """Operations that record when they start, end and are cancelled. Each ends when `finish` names it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}

    def operation(self, name: str) -> Operation:
        self._gates[name] = asyncio.Event()

        async def run() -> None:
            self.lines.append(f"{name} started")
            await self._gates[name].wait()
            self.lines.append(f"{name} ended")

        return Operation(run, lambda: self.lines.append(f"{name} cancelled"))

    async def finish(self, *names: str) -> None:
        for name in names:
            self._gates[name].set()
        await until(lambda: all(f"{name} ended" in self.lines for name in names))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        await asyncio.sleep(0)
        if condition():
            return
    raise AssertionError("the condition did not become true")


async def test_operations_with_the_same_key_run_in_order_and_others_run_concurrently() -> None:
    queue, log = KeyedQueue(), Log()
    for key, name in (("a", "a1"), ("a", "a2"), ("b", "b1"), (None, "free")):
        queue.submit(key, log.operation(name))
    await until(lambda: len(log.lines) == 3)
    assert log.lines == ["a1 started", "b1 started", "free started"]
    await log.finish("a1")
    await until(lambda: "a2 started" in log.lines)
    await queue.cancel()


async def test_a_barrier_waits_and_later_operations_wait_for_it() -> None:
    queue, log = KeyedQueue(), Log()
    queue.submit("a", log.operation("before"))
    queue.submit_barrier(Barrier.DRAIN, log.operation("join"))
    queue.submit("b", log.operation("after"))
    await until(lambda: log.lines == ["before started"])
    await log.finish("before", "join", "after")
    assert log.lines == [
        "before started", "before ended", "join started", "join ended", "after started", "after ended",
    ]  # fmt: skip


async def test_a_cancelling_barrier_cancels_each_pending_operation_once() -> None:
    queue, log = KeyedQueue(), Log()
    queue.submit("a", log.operation("running"))
    queue.submit("a", log.operation("waiting"))
    await until(lambda: log.lines == ["running started"])
    queue.submit("b", log.operation("not started"))
    queue.submit_barrier(Barrier.CANCEL, log.operation("leave"))
    await log.finish("leave")
    await until(lambda: len(log.lines) == 6)
    cancelled = [line for line in log.lines if line.endswith("cancelled")]
    assert sorted(cancelled) == ["not started cancelled", "running cancelled", "waiting cancelled"]
    assert "running ended" not in log.lines


async def test_the_queue_is_full_at_its_limit() -> None:
    queue, log = KeyedQueue(limit=2), Log()
    full = []
    for name in ("1", "2"):
        queue.submit("a", log.operation(name))
        full.append(queue.full)
    await queue.cancel()
    assert [*full, queue.full] == [False, True, False]


async def test_cancel_returns_after_operations_have_cleaned_up() -> None:
    queue, cleaned_up = KeyedQueue(), False

    async def run() -> None:
        nonlocal cleaned_up
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0.1)
            cleaned_up = True

    queue.submit(None, Operation(run, lambda: None))
    await asyncio.sleep(0)
    await queue.cancel()
    assert cleaned_up
    assert not queue.full


async def test_the_failure_of_an_operation_is_logged_and_does_not_stop_the_next_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue, log = KeyedQueue(), Log()

    async def fail() -> None:
        raise RuntimeError("the socket cannot be written to")

    queue.submit("a", Operation(fail, lambda: None))
    queue.submit("a", log.operation("next"))
    await log.finish("next")
    await asyncio.sleep(0)
    assert "the socket cannot be written to" in capsys.readouterr().out


async def test_cancel_returns_after_operations_that_end_in_the_same_turn() -> None:
    queue, log = KeyedQueue(), Log()
    queue.submit("a", log.operation("a"))
    await until(lambda: log.lines == ["a started"])
    log._gates["a"].set()
    await asyncio.sleep(0)  # the operation has ended, and its callbacks have not run
    async with asyncio.timeout(20):
        await queue.cancel()
    assert log.lines == ["a started", "a ended"]
