"""The remaining time of a request, which does not depend on the receiver's clock."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import pytest

from hubbub_bus import Bus, Operation, current_operation, enter_operation, operation_id, unix_ms
from hubbub_bus.deadline import TOLERATED_SKEW, read_remaining, timeout_header
from hubbub_bus.link_health import STALE_AFTER, LinkHealth
from hubbub_contracts import Done, ErrorCode, HubbubError, Request


class Act(Request[Done]):
    """Does nothing."""

    verb: ClassVar[str] = "test.act"


def test_the_remaining_time_is_sent_in_a_header() -> None:
    assert read_remaining(timeout_header(1.5)) == 1.5
    assert read_remaining({}) is None


@pytest.mark.parametrize("header", ["Hubbub-Timeout", "Hubbub-Deadline"])
def test_a_header_that_is_not_a_number_is_an_invalid_argument(header: str) -> None:
    with pytest.raises(HubbubError) as caught:
        read_remaining({header: "soon"})
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


def test_the_absolute_deadline_of_an_older_version_is_read_with_a_tolerance() -> None:
    remaining = read_remaining({"Hubbub-Deadline": str(unix_ms() - 2_000)})
    assert remaining is not None
    assert TOLERATED_SKEW - 4.0 < remaining <= TOLERATED_SKEW - 2.0
    relative = {"Hubbub-Timeout": "1000", "Hubbub-Deadline": str(unix_ms() - 60_000)}
    assert read_remaining(relative) == 1.0


async def test_a_nested_request_gets_the_remaining_time_of_its_caller(bus: Bus, subject: str) -> None:
    remaining: list[float] = []

    async def measure(_: Act) -> Done:
        operation = current_operation()
        assert operation is not None
        assert operation.deadline is not None
        remaining.append(operation.deadline - time.monotonic())
        return Done()

    await bus.serve(subject, Act, measure)
    enter_operation(Operation("outer", deadline=time.monotonic() + 20))
    await bus.request(subject, Act(), timeout=60)
    assert 10 < remaining[0] <= 20


async def test_what_outlives_its_handler_has_no_deadline(bus: Bus, subject: str) -> None:
    """A service that follows a room from a request on sends requests for as long as it does."""
    started: list[asyncio.Task[None]] = []
    ids: list[str] = []
    over = asyncio.Event()

    async def follow() -> None:
        ids.append(operation_id())
        await over.wait()
        ids.append(operation_id())
        await bus.request(f"{subject}.other", Act())

    async def act(_: Act) -> Done:
        return Done()

    async def begin(_: Act) -> Done:
        started.append(asyncio.create_task(follow()))
        await asyncio.sleep(0)
        return Done()

    await bus.serve(f"{subject}.other", Act, act)
    await bus.serve(subject, Act, begin)
    deadline = time.monotonic() + 4
    enter_operation(Operation("outer", deadline))
    await bus.request(subject, Act())
    while time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    over.set()
    await started[0]
    assert ids[0] == "outer" != ids[1]


async def test_a_request_that_waited_in_a_stopped_process_is_not_executed(
    bus: Bus, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = 0

    async def count(_: Act) -> Done:
        nonlocal executed
        executed += 1
        return Done()

    await bus.serve(subject, Act, count)
    monkeypatch.setattr(LinkHealth, "overdue", lambda _health, _now: 3.0)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Act(), timeout=2)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.DEADLINE_EXCEEDED, True)
    assert executed == 0


def test_a_link_is_overdue_only_when_its_next_round_trip_is_late() -> None:
    health = LinkHealth()
    assert health.overdue(5.0) == 0.0
    health.round_trip(5.0)
    assert health.overdue(5.0 + STALE_AFTER) == 0.0
    assert health.overdue(8.0) == 3.0
