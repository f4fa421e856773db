"""The connection: refusals, health, reconnects."""

import asyncio
import contextlib
from typing import ClassVar

import pytest
import structlog.testing

from hubbub_bus import Bus, Unreachable
from hubbub_bus.link_health import LinkHealth
from hubbub_bus.telemetry import NoTelemetry
from hubbub_cli.ports import free_tcp_port
from hubbub_contracts import ErrorCode, Event, HubbubError
from hubbub_contracts.bus.media import MEDIA_EVENT, MediaEvent, TransportClosed
from support import nats_servers
from support.nats_servers import NatsServer
from support.tcp_proxy import TcpProxy


class Ticked(Event):
    """A numbered event."""

    verb: ClassVar[str] = "test.ticked"
    n: int


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    port = free_tcp_port()
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}") as caught:
        await Bus.connect(f"nats://user:secret@127.0.0.1:{port}", name="test", timeout=0.5)
    assert "secret" not in str(caught.value)


async def test_wrong_credentials_are_refused(nats_server: NatsServer) -> None:
    with pytest.raises(Unreachable):
        await Bus.connect(f"nats://user:wrong@127.0.0.1:{nats_server.port}", name="test", timeout=30)


async def test_while_the_server_is_down_nothing_is_sent_and_afterwards_the_link_recovers() -> None:
    with nats_servers.nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        received: list[int] = []
        await bus.subscribe("t", Ticked, lambda event: received.append(event.n))
        async with asyncio.timeout(10):
            while not bus.healthy_for(0.5):
                await asyncio.sleep(0.05)
            server.kill()
            while bus.connected:
                await asyncio.sleep(0.01)
            assert not bus.healthy_for(0)
            with pytest.raises(HubbubError) as caught:
                await bus.publish("t", Ticked(n=1))
            assert caught.value.code is ErrorCode.UNAVAILABLE
            server.start()
            while not bus.healthy_for(0):
                await asyncio.sleep(0.05)
            await bus.publish("t", Ticked(n=2))
            while received != [2]:
                await asyncio.sleep(0.01)
        await bus.close()


async def test_an_abandoned_flush_leaves_the_connection_alive(bus: Bus, subject: str) -> None:
    received: list[int] = []
    await bus.subscribe(subject, Ticked, lambda event: received.append(event.n))
    for _ in range(20):
        flushing = asyncio.create_task(bus.flush())
        await asyncio.sleep(0)
        flushing.cancel()
        await asyncio.wait([flushing])
    async with asyncio.timeout(10):
        await bus.flush()
        await bus.publish(subject, Ticked(n=1))
        while received != [1]:
            await asyncio.sleep(0.01)
        await bus.close()


async def test_a_malformed_event_is_skipped_and_the_order_is_kept(bus: Bus, subject: str) -> None:
    received: list[int] = []

    async def handle_slowly(event: Ticked) -> None:
        await asyncio.sleep(0.01 / (event.n + 1))
        received.append(event.n)

    subscription = await bus.subscribe(subject, Ticked, handle_slowly)
    await bus.connection.client.publish(subject, b"nonsense")
    for n in range(10):
        await bus.publish(subject, Ticked(n=n))
    async with asyncio.timeout(20):
        while len(received) < 10:
            await asyncio.sleep(0.01)
    assert received == list(range(10))
    await subscription.stop()


@pytest.mark.parametrize(
    ("data", "log"),
    [
        pytest.param(b'{"type": "hubbub.v1.media.of-a-newer-version"}', "unknown event of a newer version", id="new"),
        pytest.param(b'{"type": "hubbub.v1.media.transport-closed"}', "malformed event", id="malformed"),
    ],
)
async def test_an_unknown_event_is_skipped_without_a_warning(bus: Bus, subject: str, data: bytes, log: str) -> None:
    received: list[MediaEvent] = []
    closed = TransportClosed(transport_id="up", reason="internal")
    await bus.subscribe(subject, MEDIA_EVENT, received.append)
    with structlog.testing.capture_logs() as logs:
        await bus.connection.client.publish(subject, data)
        await bus.publish(subject, closed)
        async with asyncio.timeout(20):
            while not received:
                await asyncio.sleep(0.01)
    assert received == [closed]
    assert [(each["event"], each["log_level"]) for each in logs] == [
        (log, "warning" if log == "malformed event" else "debug")
    ]


def test_health_needs_uninterrupted_round_trips() -> None:
    health = LinkHealth()
    health.connected(0)
    assert not health.healthy_for(0, 0.1)
    for tenth in range(31):
        health.round_trip(tenth / 10)
    assert health.healthy_for(3, 3.0)
    assert not health.healthy_for(3.1, 3.0)
    assert not health.healthy_for(0, 4.0), "a process that was stopped distrusts its view"
    health.round_trip(4.0)
    assert health.healthy_for(0, 4.0)
    assert not health.healthy_for(0.5, 4.0)
    health.disconnected()
    assert not health.healthy_for(0, 4.0)
    assert not health.connected_for(0, 4.0)


async def test_a_message_is_a_sign_of_life_while_a_pong_is_outstanding(bus: Bus) -> None:
    client = bus.connection.client
    client._pings_outstanding = client.options["max_outstanding_pings"]
    await client._process_msg(sid=0, subject=b"x", reply=b"", data=b"", headers=b"")
    assert client._pings_outstanding == 0


class Losses(NoTelemetry):
    """Records why the connection was lost."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def disconnected(self, reason: str) -> None:
        self.reasons.append(reason)


async def test_a_connection_closed_by_the_server_is_reported_with_its_reason() -> None:
    losses = Losses()
    with nats_servers.nats_server() as server:
        bus = await Bus.connect(server.url, name="test", timeout=20, telemetry=losses)
        server.kill()
        async with asyncio.timeout(10):
            while not losses.reasons:
                await asyncio.sleep(0.01)
        server.start()
        await bus.close()
    assert losses.reasons == ["closed_by_server"]


async def test_a_server_that_accepts_and_says_nothing_has_one_connection_at_most(nats_server: NatsServer) -> None:
    connections: set[asyncio.StreamWriter] = set()
    attempts, most = 0, 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts, most
        connections.add(writer)
        attempts, most = attempts + 1, max(most, len(connections))
        with contextlib.suppress(ConnectionError):
            await reader.read()
        connections.discard(writer)
        writer.close()

    async with TcpProxy(nats_server.port) as proxy:
        url = nats_server.url.replace(f":{nats_server.port}", f":{proxy.port}")
        bus = await Bus.connect(url, name="test", timeout=20)
        await proxy.cut()
        async with await asyncio.start_server(accept, "127.0.0.1", proxy.port), asyncio.timeout(30):
            while attempts < 3:
                await asyncio.sleep(0.01)
            await bus.close()
            while connections:
                await asyncio.sleep(0.01)
    assert most == 1
