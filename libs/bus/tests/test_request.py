"""Every outcome of a request, as its caller sees it."""

import asyncio
import time
from typing import ClassVar

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from hubbub_bus import Bus, NoResponders, Operation, current_operation, enter_operation
from hubbub_contracts import Done, ErrorCode, HubbubError, Model, Request


class Doubled(Model):
    """The doubled value."""

    value: int
    operation: str | None = None


class Double(Request[Doubled]):
    """Doubles a value."""

    verb: ClassVar[str] = "test.double"
    value: int


class Halve(Request[Done]):
    """Has another reply than `Double`, on the same subject."""

    verb: ClassVar[str] = "test.halve"
    value: int


async def double(message: Double) -> Doubled:
    operation = current_operation()
    return Doubled(value=message.value * 2, operation=None if operation is None else operation.operation_id)


async def test_a_reply_is_typed_and_the_handler_sees_the_operation(bus: Bus, subject: str) -> None:
    await bus.serve(subject, Double, double)
    answer = await bus.request(subject, Double(value=21), operation="op-1")
    assert answer == Doubled(value=42, operation="op-1")


async def test_a_subject_without_a_responder_fails_at_once(bus: Bus, subject: str) -> None:
    with pytest.raises(NoResponders) as caught:
        await bus.request(subject, Double(value=1), timeout=5)
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert caught.value.retryable


async def test_a_late_reply_is_deadline_exceeded(bus: Bus, subject: str) -> None:
    async def slow(message: Double) -> Doubled:
        await asyncio.sleep(0.3)
        return await double(message)

    await bus.serve(subject, Double, slow)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Double(value=1), timeout=0.05)
    assert caught.value.code is ErrorCode.DEADLINE_EXCEEDED


async def test_a_request_after_its_deadline_is_not_executed(bus: Bus, subject: str) -> None:
    executed: list[int] = []

    async def count(message: Double) -> Doubled:
        executed.append(message.value)
        return await double(message)

    await bus.serve(subject, Double, count)
    past = {"Hubbub-Timeout": "0"}
    answer = await bus.connection.client.request(subject, b'{"value":1}', headers=past)
    assert b'"deadline_exceeded"' in answer.data
    enter_operation(Operation("outer", deadline=time.monotonic() - 0.01))
    with pytest.raises(HubbubError):
        await bus.request(subject, Double(value=2))
    assert executed == []


@pytest.mark.parametrize("payload", [b"", b"nonsense", b'{"value":"1"}', b'{"value":true}', b"[" * 100_000])
async def test_a_malformed_request_is_an_invalid_argument(bus: Bus, subject: str, payload: bytes) -> None:
    await bus.serve(subject, Double, double)
    answer = await bus.connection.client.request(subject, payload)
    assert b'"invalid_argument"' in answer.data


async def test_the_text_of_an_exception_does_not_reach_the_caller(bus: Bus, subject: str) -> None:
    async def broken(_: Double) -> Doubled:
        raise KeyError("the secret")

    await bus.serve(subject, Double, broken)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Double(value=1))
    assert caught.value.code is ErrorCode.INTERNAL
    assert "secret" not in caught.value.message


async def test_a_hubbub_error_reaches_the_caller_unchanged(bus: Bus, subject: str) -> None:
    async def refuse(_: Double) -> Doubled:
        raise HubbubError(ErrorCode.QUOTA_EXCEEDED, "full", retryable=True)

    await bus.serve(subject, Double, refuse)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Double(value=1))
    assert (caught.value.code, caught.value.message, caught.value.retryable) == (ErrorCode.QUOTA_EXCEEDED, "full", True)


async def test_a_reply_of_another_type_is_internal(bus: Bus, subject: str) -> None:
    async def lie(_: Halve) -> Done:
        return Done()

    await bus.serve(subject, Halve, lie)
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Double(value=1))
    assert caught.value.code is ErrorCode.INTERNAL


async def test_requests_run_concurrently_up_to_the_limit(bus: Bus, subject: str) -> None:
    release = asyncio.Event()

    async def wait(message: Double) -> Doubled:
        await release.wait()
        return await double(message)

    await bus.serve(subject, Double, wait, concurrency=8)
    asked = [asyncio.create_task(bus.request(subject, Double(value=i), timeout=5)) for i in range(9)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = done
    release.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(answer.value for answer in answers if isinstance(answer, Doubled)) == [i * 2 for i in range(8)]
    error = refused.exception()
    assert isinstance(error, HubbubError)
    assert (error.code, error.retryable) == (ErrorCode.UNAVAILABLE, True)


async def test_stopping_lets_a_running_request_finish(bus: Bus, subject: str) -> None:
    started = asyncio.Event()

    async def slow(message: Double) -> Doubled:
        started.set()
        await asyncio.sleep(0.1)
        return await double(message)

    endpoint = await bus.serve(subject, Double, slow)
    asked = asyncio.create_task(bus.request(subject, Double(value=4)))
    await started.wait()
    await endpoint.stop()
    assert (await asked).value == 8
    with pytest.raises(NoResponders):
        await bus.request(subject, Double(value=4))


async def test_the_trace_context_travels_with_the_request(bus: Bus, subject: str) -> None:
    seen: list[int] = []

    async def note(message: Double) -> Doubled:
        seen.append(trace.get_current_span().get_span_context().trace_id)
        return await double(message)

    await bus.serve(subject, Double, note)
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("caller") as span:
        await bus.request(subject, Double(value=1))
    assert seen == [span.get_span_context().trace_id]


async def test_a_nested_request_inherits_operation_and_deadline(bus: Bus, subject: str) -> None:
    seen: list[tuple[str, float | None]] = []

    async def inner(message: Double) -> Doubled:
        operation = current_operation()
        assert operation is not None
        seen.append((operation.operation_id, operation.deadline))
        return await double(message)

    async def outer(message: Double) -> Doubled:
        return await bus.request(f"{subject}.inner", message, timeout=60)

    await bus.serve(f"{subject}.inner", Double, inner)
    await bus.serve(subject, Double, outer)
    await bus.request(subject, Double(value=1), timeout=10, operation="op-2")
    assert seen[0][0] == "op-2"
    assert seen[0][1] is not None
    assert seen[0][1] <= time.monotonic() + 10
