"""A client that reads nothing costs the server a bounded amount of memory, for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.client_socket import ClientSocket
from support.installation import Installation
from support.stuck_client import StuckClient

MIB = 1 << 20
MAX_GROWTH = 64 * MIB
MAX_REMAINING = 20 * MIB
PRODUCERS = 32
"""With 8 KiB of appData each, so that an answer to `getProducers` has 260 KB."""


class Signaling:
    """The process that serves an installation's first URL."""

    def __init__(self, installation: Installation) -> None:
        self._process = psutil.Process(installation.signaling[0].pid)

    def rss(self) -> int:
        return int(self._process.memory_info().rss)

    def has_connection(self, port: int) -> bool:
        """Whether it has a TCP connection with this port of a client."""
        return port in {one.raddr[1] for one in self._process.net_connections("tcp") if len(one.raddr)}

    async def wait_disconnected(self, port: int, within: float) -> None:
        async with asyncio.timeout(within):
            while self.has_connection(port):
                await asyncio.sleep(0.1)

    async def wait_freed(self, limit: int) -> None:
        """Waits until it has less memory than this many bytes."""
        async with asyncio.timeout(30):
            while self.rss() >= limit:
                await asyncio.sleep(0.1)


@pytest.fixture
def signaling(fresh_installation: Installation) -> Signaling:
    """The only signaling process."""
    return Signaling(fresh_installation)


@pytest.fixture
async def room(fresh_installation: Installation, call_id: str) -> AsyncIterator[Caller]:
    """A room whose producers make a large answer."""
    async with Caller(fresh_installation.url) as caller:
        await caller.join(call_id)
        transport = await caller.call("createTransport", direction="send")
        for number in range(PRODUCERS):
            await caller.call(
                "produce",
                transportId=transport["id"],
                kind="audio",
                rtpParameters=rtp_parameters("audio", 1000 + number, mid=str(number)),
                appData={"text": "x" * 8100},
            )
        yield caller


async def join(client: StuckClient, call_id: str) -> None:
    await client.request("joinRoom", {"callId": call_id, "userId": "stuck", "rtpCapabilities": rtp_capabilities()})


async def ask_until_ended(client: StuckClient, signaling: Signaling, pause: float) -> int:
    """Asks for large answers, and answers pings, until the server ends the connection. Returns the largest RSS."""
    largest = 0
    async with asyncio.timeout(60):
        while True:
            try:
                await client.request("getProducers", {})
                await client.pong()
            except ConnectionError:
                return largest
            largest = max(largest, signaling.rss())
            await asyncio.sleep(pause)


async def test_client_that_answers_pings_but_reads_nothing_is_disconnected(
    fresh_installation: Installation, signaling: Signaling, room: Caller, call_id: str
) -> None:
    before = signaling.rss()
    async with StuckClient(fresh_installation.url) as stuck:
        await join(stuck, call_id)
        await room.event("peerJoined", userId="stuck")
        assert await ask_until_ended(stuck, signaling, pause=0.025) - before < MAX_GROWTH
        await room.event("peerLeft", userId="stuck", reason="disconnected")
        await signaling.wait_disconnected(stuck.port, 20)
    await signaling.wait_freed(before + MAX_REMAINING)


async def test_memory_of_a_flood_to_a_client_that_reads_nothing_is_freed(
    fresh_installation: Installation, signaling: Signaling, room: Caller, call_id: str
) -> None:
    before = signaling.rss()
    async with StuckClient(fresh_installation.url) as stuck:
        await join(stuck, call_id)
        assert await ask_until_ended(stuck, signaling, pause=0.0) - before < MAX_GROWTH
        await signaling.wait_disconnected(stuck.port, 20)
    await signaling.wait_freed(before + MAX_REMAINING)


async def test_connection_that_timed_out_is_ended_though_its_client_does_not_read(
    fresh_installation: Installation, signaling: Signaling, room: Caller, call_id: str
) -> None:
    async with StuckClient(fresh_installation.url) as stuck:
        await join(stuck, call_id)
        for _ in range(20):  # 5 MB stay unsent, below the limit
            await stuck.request("getProducers", {})
        await room.event("peerLeft", within=40, userId="stuck", reason="disconnected")
        await signaling.wait_disconnected(stuck.port, 20)


async def test_operation_ids_of_idle_clients_take_little_memory(
    fresh_installation: Installation, signaling: Signaling, call_id: str
) -> None:
    before = signaling.rss()
    clients = [ClientSocket(fresh_installation.url) for _ in range(6)]
    try:
        for client in clients:
            await client.open()
            for number in range(90):
                answer = await client.request("createRoom", {"callId": call_id, "operationId": f"{number:064}"})
                assert "error" not in answer
        refused = await clients[0].request("createRoom", {"callId": call_id, "operationId": "x" * 65})
        assert refused["error"]["code"] == "invalid_argument"
        assert signaling.rss() - before < MAX_GROWTH
    finally:
        await asyncio.gather(*(client.close() for client in clients))
