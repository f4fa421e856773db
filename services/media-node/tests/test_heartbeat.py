"""The heartbeat thread: its end, its failures, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable

import pytest
import pytest_asyncio

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_media_node.adapters import heartbeat
from hubbub_media_node.adapters.heartbeat import Heartbeat
from hubbub_media_node.adapters.node_status import NodeStatus
from hubbub_media_node.domain.worker_occupancy import WorkerOccupancy
from support.nats_servers import NatsServer
from support.node_rig import until

NODE_ID = "n"


@pytest_asyncio.fixture
async def received(bus: Bus) -> list[NodeHeartbeat]:
    """The heartbeats on the bus, as they arrive."""
    heartbeats: list[NodeHeartbeat] = []
    await bus.subscribe(subjects.heartbeat(NODE_ID), NodeHeartbeat, heartbeats.append)
    await bus.flush()
    return heartbeats


def make(url: str, on_failed: Callable[[str], None]) -> Heartbeat:
    status = NodeStatus(lambda: True, [WorkerOccupancy(rooms=0, peers=0)], epoch=1)
    return Heartbeat(url, NODE_ID, status, list, on_failed, region="eu", max_packets=1_000, max_bitrate=2_000_000)


def never(reason: str) -> None:
    raise AssertionError(reason)


async def test_the_bus_of_the_heartbeat_is_closed_although_closing_takes_long(
    received: list[NodeHeartbeat], nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = asyncio.Event()
    loop, close = asyncio.get_running_loop(), Bus.close

    async def close_slowly(self: Bus) -> None:
        await asyncio.sleep(0.5)
        await close(self)
        loop.call_soon_threadsafe(closed.set)

    sending = make(nats_server.url, never)
    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        patched.setattr(Bus, "close", close_slowly)
        sending.start()
        await until(lambda: bool(received))
        await sending.stop()
        gc.collect()
    assert closed.is_set()
    assert not sending._thread.is_alive()


async def test_a_heartbeat_says_what_the_node_can_carry(received: list[NodeHeartbeat], nats_server: NatsServer) -> None:
    sending = make(nats_server.url, never)
    sending.start()
    await until(lambda: bool(received))
    await sending.stop()
    assert received[0].region == "eu"
    assert (received[0].max_packets_per_second, received[0].max_bits_per_second) == (1_000, 2_000_000)


async def test_the_thread_ends_although_no_server_was_ever_reached(tcp_port: int) -> None:
    sending = make(f"nats://127.0.0.1:{tcp_port}", never)
    sending.start()
    await asyncio.sleep(0.2)
    await sending.stop()
    assert not sending._thread.is_alive()


async def test_a_heartbeat_that_fails_is_restarted(
    received: list[NodeHeartbeat], nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_RESTART_DELAY", 0.01)
    measure, failed = Heartbeat._measure, list[str]()

    def fail_once(self: Heartbeat) -> None:
        if not failed:
            failed.append("once")
            raise RuntimeError("a bug")
        measure(self)

    monkeypatch.setattr(Heartbeat, "_measure", fail_once)
    sending = make(nats_server.url, never)
    sending.start()
    await until(lambda: bool(received))
    await sending.stop()


@pytest.mark.parametrize("method", ["_send_forever", "_main"])
async def test_the_end_of_the_heartbeat_is_reported(
    nats_server: NatsServer, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Heartbeat) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Heartbeat, method, fail)
    reasons: list[str] = []
    sending = make(nats_server.url, reasons.append)
    sending.start()
    await until(lambda: bool(reasons))
    await sending.stop()
    assert len(reasons) == 1


async def test_heartbeat_opens_a_new_connection_when_its_own_is_closed_for_good(
    received: list[NodeHeartbeat], nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_RESTART_DELAY", 0.01)
    sending = make(nats_server.url, never)
    sending.start()
    await until(lambda: bool(received))
    assert sending._bus is not None
    assert sending._loop is not None
    closing = asyncio.run_coroutine_threadsafe(sending._bus.connection.client.close(), sending._loop)
    await asyncio.wrap_future(closing)
    received.clear()
    await until(lambda: bool(received))
    await sending.stop()
