"""Delivery of requests to the registry."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.bus.peer import LeaveRoom
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_signaling.handlers.registry_outbox import RegistryOutbox
from support.fake_ports import FakeTelemetry
from support.signaling_fakes import Answer, FakeBackend, unavailable

LEAVE = LeaveRoom(room_id="room", peer_id="ann", reason="left")
REMOVE = RemoveProducers(room_id="room", peer_id="ann", producer_ids=["camera"])
REFUSED = HubbubError(ErrorCode.NOT_FOUND, "no such peer")


@pytest.mark.parametrize(
    ("answers", "requested_at", "reply"),
    [
        pytest.param([Done()], [0], Done(), id="delivered at once"),
        pytest.param([unavailable(), Done()], [0, 0.1], Done(), id="retried"),
        pytest.param(
            [unavailable()] * 7 + [Done()],
            [0, 0.1, 0.3, 0.8, 1.8, 3.8, 5.8, 7.8],
            Done(),
            id="the last pause of the backoff repeats",
        ),
        pytest.param([REFUSED], [0], None, id="refused"),
        pytest.param([unavailable(), REFUSED], [0, 0.1], None, id="refused by a retry"),
    ],
)
async def test_a_request_is_retried_until_it_is_answered_or_refused(
    answers: list[Answer], requested_at: list[float], reply: Done | None
) -> None:
    backend = FakeBackend()
    backend.answers[LeaveRoom] = list(answers)
    assert await RegistryOutbox(backend, FakeTelemetry()).retry(LEAVE) == reply
    assert backend.requested_at == pytest.approx(requested_at)


async def test_a_request_does_not_wait_for_another_that_is_retried() -> None:
    backend = FakeBackend()
    backend.answers[LeaveRoom] = [unavailable(), unavailable(), Done()]
    outbox = RegistryOutbox(backend, FakeTelemetry())
    outbox.enqueue(LEAVE)
    outbox.enqueue(REMOVE)
    await outbox.drain()
    assert [type(one) for one in backend.registry_requests] == [LeaveRoom, RemoveProducers, LeaveRoom, LeaveRoom]


async def test_drain_waits_for_deliveries() -> None:
    backend = FakeBackend()
    backend.answers[LeaveRoom] = unavailable()
    outbox = RegistryOutbox(backend, FakeTelemetry())
    outbox.enqueue(LEAVE)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.drain(), 60)
    backend.answers[LeaveRoom] = Done()
    await asyncio.wait_for(outbox.drain(), 3)


async def test_a_departure_is_counted_once_and_delivered_with_its_reason() -> None:
    backend, telemetry = FakeBackend(), FakeTelemetry()
    backend.answers[LeaveRoom] = [unavailable(), Done()]
    outbox = RegistryOutbox(backend, telemetry)
    outbox.enqueue_departure("room", "ann", "claim", "disconnected")
    await outbox.drain()
    assert backend.departures() == [("ann", "disconnected")] * 2
    assert telemetry.departed == ["disconnected"]


async def test_a_request_that_fails_unexpectedly_is_retried(capsys: pytest.CaptureFixture[str]) -> None:
    backend = FakeBackend()
    attempts = 0

    async def fail_once(_: LeaveRoom) -> Model:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise RuntimeError("a bug of the client")
        return Done()

    backend.answers[LeaveRoom] = fail_once
    outbox = RegistryOutbox(backend, FakeTelemetry())
    outbox.enqueue(LEAVE)
    await outbox.drain()
    assert attempts == 2
    assert "a bug of the client" in capsys.readouterr().out


async def test_of_equal_requests_one_is_under_way_at_a_time() -> None:
    backend = FakeBackend()
    backend.answers[RemoveProducers] = [unavailable(), Done()]
    outbox = RegistryOutbox(backend, FakeTelemetry())
    for _ in range(3):
        outbox.enqueue_once(REMOVE)
        outbox.enqueue_once(REMOVE.model_copy(update={"peer_id": "ben"}))
    await outbox.drain()
    assert sorted(each.peer_id for each in backend.registry_requests if isinstance(each, RemoveProducers)) == [
        *["ann"] * 2,
        "ben",
    ]
    outbox.enqueue_once(REMOVE)
    await outbox.drain()
    assert len(backend.registry_requests) == 4, "one that is done may be repeated"
