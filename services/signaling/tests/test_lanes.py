"""The order of one client's operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub_signaling.handlers.lanes import Lanes, Operation


class Log:
    """Operations that write down when they began, ended or were cancelled."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def operation(self, name: str) -> Operation:
        self.gates[name] = asyncio.Event()

        async def run() -> None:
            self.lines.append(f"{name} began")
            await self.gates[name].wait()
            self.lines.append(f"{name} ended")

        return Operation(run, lambda: self.lines.append(f"{name} cancelled"))

    async def let(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
        await settle(lambda: all(f"{name} ended" in self.lines for name in names))


async def settle(until: Callable[[], bool]) -> None:
    for _ in range(100):
        await asyncio.sleep(0)
        if until():
            return
    raise AssertionError("did not come about")


async def test_one_lane_is_serial_and_lanes_run_side_by_side() -> None:
    lanes, log = Lanes(), Log()
    for lane, name in (("a", "a1"), ("a", "a2"), ("b", "b1"), (None, "free")):
        lanes.submit(lane, log.operation(name))
    await settle(lambda: len(log.lines) == 3)
    assert log.lines == ["a1 began", "b1 began", "free began"]
    await log.let("a1")
    await settle(lambda: "a2 began" in log.lines)
    await lanes.cancel()


async def test_a_waiting_barrier_holds_what_comes_after_it() -> None:
    lanes, log = Lanes(), Log()
    lanes.submit("a", log.operation("before"))
    lanes.submit_barrier(log.operation("join"), cancel=False)
    lanes.submit("b", log.operation("after"))
    await settle(lambda: log.lines == ["before began"])
    await log.let("before", "join", "after")
    assert log.lines == ["before began", "before ended", "join began", "join ended", "after began", "after ended"]


async def test_a_cancelling_barrier_tells_each_cancelled_operation_once_begun_or_not() -> None:
    lanes, log = Lanes(), Log()
    lanes.submit("a", log.operation("begun"))
    lanes.submit("a", log.operation("waiting"))
    await settle(lambda: log.lines == ["begun began"])
    lanes.submit("b", log.operation("not started"))
    lanes.submit_barrier(log.operation("leave"), cancel=True)
    await log.let("leave")
    await settle(lambda: len(log.lines) == 6)
    cancelled = [line for line in log.lines if line.endswith("cancelled")]
    assert sorted(cancelled) == ["begun cancelled", "not started cancelled", "waiting cancelled"]
    assert "begun ended" not in log.lines


async def test_not_more_than_the_limit_may_be_pending() -> None:
    lanes, log = Lanes(limit=2), Log()
    fullness = []
    for name in ("1", "2"):
        lanes.submit("a", log.operation(name))
        fullness.append(lanes.full)
    await lanes.cancel()
    assert [*fullness, lanes.full] == [False, True, False]
