"""Closing in any state: in bounded time, completely, and also when it is cancelled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import nats.errors
import pytest
from nats.aio.subscription import Subscription

from hubbub_bus import Bus, Endpoints, Lease, connection, lease_bucket
from hubbub_bus.connection import CANCEL_TIMEOUT, CLOSE_TIMEOUT, DRAIN_TIMEOUT
from hubbub_bus.link_health import STALE_AFTER
from hubbub_bus.patched_client import PatchedClient
from hubbub_cli.nats_server import EmbeddedNats
from hubbub_cli.ports import free_tcp_port
from hubbub_contracts import ErrorCode, Event, HubbubError, Model, Request, ids, subjects
from hubbub_service.tasks import failure_count


class Ask(Request["Answer"]):
    """A request."""

    verb: ClassVar[str] = "test.ask"


class Answer(Model):
    """Its reply."""

    text: str = ""


class Ticked(Event):
    """An event."""

    verb: ClassVar[str] = "test.ticked"


SLACK = 5.0
"""Seconds that a busy machine may add."""


@pytest.fixture
def freezable() -> Iterator[EmbeddedNats]:
    """A server of its own, thawed at the end."""
    with EmbeddedNats() as server:
        yield server
        server.thaw()


async def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


def task_names() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


async def publish_for_ever(bus: Bus) -> None:
    while True:
        await bus.connection.client.publish("test", b"x" * 1_000_000)


@pytest.mark.parametrize("noticed", [False, True], ids=["just now", "noticed"])
async def test_a_connection_to_a_frozen_server_is_closed_in_time(freezable: EmbeddedNats, noticed: bool) -> None:
    bus = await Bus.connect(freezable.url, name="test", timeout=20)
    await bus.subscribe("test", Ticked, lambda _: None)
    await eventually(lambda: bus.connection.health.last_round_trip is not None)
    freezable.freeze()
    flood = asyncio.create_task(publish_for_ever(bus))  # more than the socket takes
    await asyncio.sleep(0.3)
    if noticed:
        await eventually(lambda: bus.connection.health.overdue(time.monotonic()) > 0)
    flood.cancel()
    began = asyncio.get_running_loop().time()
    await bus.close()
    longest = CLOSE_TIMEOUT if noticed else DRAIN_TIMEOUT + 1 + CANCEL_TIMEOUT + CLOSE_TIMEOUT
    assert asyncio.get_running_loop().time() - began < longest + SLACK
    assert bus.connection.client.is_closed


async def test_a_close_that_is_cancelled_continues(nats_server: EmbeddedNats) -> None:
    bus = await Bus.connect(nats_server.url, name="test", timeout=20)
    closing = asyncio.create_task(bus.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    await eventually(lambda: bus.connection.client.is_closed)
    await bus.close()


async def test_an_attempt_to_connect_that_is_cancelled_twice_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clients: list[PatchedClient] = []

    class RecordedClient(PatchedClient):
        def __init__(self, *, needs_tls: bool = False) -> None:
            super().__init__(needs_tls=needs_tls)
            clients.append(self)

    monkeypatch.setattr(connection, "PatchedClient", RecordedClient)
    connecting = asyncio.create_task(Bus.connect(f"nats://127.0.0.1:{free_tcp_port()}", name="test"))
    await asyncio.sleep(0.2)
    for _ in range(2):
        connecting.cancel()
        await asyncio.sleep(0)
    await asyncio.wait({connecting})
    assert connecting.cancelled()
    await eventually(lambda: not task_names() & {"bus-connect", "bus-abort"})
    assert [client.is_closed for client in clients] == [True]


async def test_a_listener_of_dropped_messages_that_fails_does_not_end_the_reader(bus: Bus, subject: str) -> None:
    subscription: Subscription = await bus.connection.client.subscribe(subject)

    def fail() -> None:
        raise RuntimeError("a bug")

    bus.connection.on_message_dropped(subscription, fail)
    before = failure_count()
    await bus.connection._on_error(nats.errors.SlowConsumerError(subject, reply="", sid=1, sub=subscription))
    assert failure_count() == before + 1


async def test_a_round_trip_that_fails_unexpectedly_is_repeated(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ROUND_TRIP_INTERVAL", 0.01)
    flush, failed = bus.connection.client.flush, list[str]()

    async def fail_once(timeout: int = 10) -> None:
        if not failed:
            failed.append("once")
            raise RuntimeError("a bug of the client")
        await flush(timeout)

    monkeypatch.setattr(bus.connection.client, "flush", fail_once)
    closed: list[str] = []
    bus.on_closed(lambda: closed.append("closed"))
    await eventually(lambda: bool(failed))
    await asyncio.sleep(STALE_AFTER)
    await eventually(lambda: bus.healthy_for(0))
    assert closed == []


async def test_a_subscription_on_a_closed_connection_is_unavailable(nats_server: EmbeddedNats) -> None:
    bus = await Bus.connect(nats_server.url, name="test", timeout=20)
    await bus.close()
    with pytest.raises(HubbubError) as caught:
        await bus.subscribe("test", Ticked, lambda _: None)
    assert caught.value.code is ErrorCode.UNAVAILABLE
    with pytest.raises(HubbubError) as caught:
        await bus.serve("test", Ask, _answer)
    assert caught.value.code is ErrorCode.UNAVAILABLE


async def _answer(_: Ask) -> Answer:
    return Answer()


class Handler:
    """Runs until it is cancelled, and then cleans up for a moment."""

    def __init__(self) -> None:
        self.state = ""

    async def __call__(self, _: Ask) -> Answer:
        self.state = "running"
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            self.state = "ended"
        return Answer()


@pytest.mark.parametrize("how", ["in time", "cancelled", "unsubscribing fails"])
async def test_the_requests_of_a_stopped_endpoint_have_ended(
    bus: Bus, subject: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Handler()
    endpoint = await bus.serve(subject, Ask, handler)
    asking = asyncio.create_task(bus.request(subject, Ask(), timeout=5))
    await eventually(lambda: handler.state == "running")

    async def fail(_: Subscription) -> None:
        raise RuntimeError("a bug of the client")

    if how == "unsubscribing fails":
        monkeypatch.setattr(Subscription, "drain", fail)
    stopping = asyncio.create_task(endpoint.stop(timeout=0.1))
    if how == "cancelled":
        await asyncio.sleep(0.02)
        stopping.cancel()
    await asyncio.wait({stopping, asking})
    assert handler.state == "ended"
    assert stopping.cancelled() == (how == "cancelled")
    assert isinstance(stopping.exception() if how != "cancelled" else None, RuntimeError) == (
        how == "unsubscribing fails"
    )
    assert isinstance(asking.exception(), HubbubError)


async def test_an_endpoint_on_a_frozen_server_stops_in_time(freezable: EmbeddedNats) -> None:
    bus = await Bus.connect(freezable.url, name="test", timeout=20)
    endpoint = await bus.serve("test", Ask, _answer)
    await bus.flush()
    freezable.freeze()
    began = asyncio.get_running_loop().time()
    await endpoint.stop()
    assert asyncio.get_running_loop().time() - began < 2 + SLACK
    await bus.close()


async def test_one_endpoint_that_fails_to_stop_keeps_no_other_running(bus: Bus, subject: str) -> None:
    handler = Handler()
    other = await bus.serve(subject, Ask, handler)
    asking = asyncio.create_task(bus.request(subject, Ask(), timeout=5))
    await eventually(lambda: handler.state == "running")

    class Failing:
        async def stop(self) -> None:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await Endpoints([Failing(), other]).stop()  # type: ignore[list-item]
    assert handler.state == "ended"
    await asyncio.wait({asking})
    assert isinstance(asking.exception(), HubbubError)


async def test_a_reply_that_cannot_be_encoded_is_internal(bus: Bus, subject: str) -> None:
    async def answer(_: Ask) -> Answer:
        return Answer.model_construct(text="\ud800")

    endpoint = await bus.serve(subject, Ask, answer)
    failures = failure_count()
    with pytest.raises(HubbubError) as caught:
        await bus.request(subject, Ask())
    assert failure_count() == failures + 1
    assert caught.value.code is ErrorCode.INTERNAL
    await endpoint.stop()


@pytest.mark.parametrize("lost", [False, True], ids=["renewed", "lapsed"])
async def test_a_lease_is_renewed_after_an_unexpected_failure(
    bus: Bus, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lease_bucket(bus).ensure()
    losses: list[str] = []
    lease = Lease(
        bus, subjects.node_lease(ids.mint()), "n", on_lost=losses.append, ttl=1 if lost else 10, renew_interval=0.02
    )
    await lease.acquire()
    renew, failures = lease._renew, list[str]()

    async def fail() -> bool:
        if len(failures) < (200 if lost else 1) and not losses:
            failures.append("failed")
            raise RuntimeError("a bug of the client")
        return await renew()

    monkeypatch.setattr(lease, "_renew", fail)
    renewed_at = lease._renewed_at
    await eventually(lambda: lease._renewed_at > renewed_at)
    assert lease.held
    assert losses == (["lapsed"] if lost else [])
    await lease.release()
