"""Clients that flood signaling, or connect and say nothing, delay nobody else and are closed.

Rows 9 and 10 of docs/security.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import time

import aiohttp
import pytest

from support.caller import Caller
from support.client_socket import ClientSocket
from support.footprint import MIB, Footprint
from support.installation import Installation

CLOSED_WITHIN = 10.0
SLACK = 10.0
"""Seconds that a machine busy with other tests may add."""
PER_CONNECTION = 64 * 1024
"""Bytes of memory that a connection without a session may cost."""
MAX_LATENCY = 0.1
"""Seconds until an acknowledgement of another client, beyond what this machine takes when it is busy otherwise."""
BUSY = 10
"""The median of the acknowledgements before a flood, times this, is what a busy machine may add."""
FLOOD_RATE = 1_000
"""Messages a second."""
SLOW_RATE = 200
"""Messages a second of an address, in the test of that limit."""
log = logging.getLogger(__name__)


@pytest.mark.parametrize("connections", [300, pytest.param(5_000, marks=pytest.mark.long)])
async def test_connections_without_a_session_are_closed(
    installation: Installation, call_id: str, connections: int
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 1_000
    if hard < wanted:
        pytest.skip(f"needs {wanted} file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    (signaling,) = installation.signaling
    before = Footprint.of(signaling.name, signaling.pid)
    url = f"{installation.url}/socket.io/?EIO=4&transport=websocket"
    ages: list[float] = []
    gate = asyncio.Semaphore(50)

    async def stay_silent(session: aiohttp.ClientSession) -> None:
        async with gate:
            websocket = await session.ws_connect(url, autoping=False)
            opened = time.monotonic()
        async for _message in websocket:  # pings, which nobody answers
            pass
        ages.append(time.monotonic() - opened)

    async with contextlib.AsyncExitStack() as stack:
        alice = await stack.enter_async_context(Caller(installation.url))
        await alice.join(call_id)
        sessions = []
        for number in range(5):  # one address may have no more than 2,000 connections
            connector = aiohttp.TCPConnector(limit=0, local_addr=(f"127.0.0.{number + 10}", 0))
            sessions.append(await stack.enter_async_context(aiohttp.ClientSession(connector=connector)))
        silent = [asyncio.create_task(stay_silent(sessions[number % 5])) for number in range(connections)]
        largest, latencies = before.resident, []
        while not all(task.done() for task in silent):
            began = time.monotonic()
            await alice.call("getProducers")
            latencies.append(time.monotonic() - began)
            largest = max(largest, Footprint.of(signaling.name, signaling.pid).resident)
            await asyncio.sleep(0.05)
        await asyncio.gather(*silent)
    log.info(
        "%d connections: closed after %.1f s at most, %.1f KiB each, p99 acknowledgement of another client %.0f ms",
        *(connections, max(ages), (largest - before.resident) / connections / 1024, 1_000 * quantile(latencies, 0.99)),
    )
    assert len(ages) == connections
    assert max(ages) < CLOSED_WITHIN + SLACK
    assert largest - before.resident < 16 * MIB + connections * PER_CONNECTION


def quantile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[int(share * (len(values) - 1))]


@pytest.mark.parametrize(("seconds", "share"), [(4.0, 0.5), pytest.param(30.0, 0.99, marks=pytest.mark.long)])
async def test_flood_of_one_client_delays_nobody(
    installation: Installation, call_id: str, seconds: float, share: float
) -> None:
    """The flooder comes back whenever it is closed. This share of the acknowledgements of others is in time.

    Of a short flood that is half of them: the others may meet a moment in which this machine stands still.
    """
    closed = 0
    end = time.monotonic() + seconds

    async def flood() -> None:
        nonlocal closed
        while time.monotonic() < end or not closed:
            async with Caller(installation.url) as mallory:
                due = time.monotonic()
                with contextlib.suppress(ConnectionError):
                    while (time.monotonic() < end or not closed) and not mallory.is_closed:
                        for _ in range(FLOOD_RATE // 100):
                            await mallory.send('42["getProducers",{}]')
                        due += 0.01
                        await asyncio.sleep(max(0.0, due - time.monotonic()))
                closed += mallory.is_closed

    latencies: list[float] = []
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        before: list[float] = []
        for _ in range(20):
            began = time.monotonic()
            await alice.call("getProducers")
            before.append(time.monotonic() - began)
        end = time.monotonic() + seconds
        flooding = asyncio.create_task(flood())
        while not flooding.done():
            began = time.monotonic()
            assert await alice.call("getProducers") == {"producers": []}
            latencies.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
        await flooding
    log.info(
        "p99 acknowledgement %.1f ms of %d, flooder closed %d times",
        *(1_000 * quantile(latencies, 0.99), len(latencies), closed),
    )
    assert quantile(latencies, share) < MAX_LATENCY + BUSY * quantile(before, 0.5)
    assert closed >= 1


@pytest.mark.parametrize(
    "fresh_installation", [{"environment": {"MAX_MESSAGES_PER_ADDRESS": str(SLOW_RATE)}}], indirect=True
)
async def test_connections_of_one_address_share_its_rate(fresh_installation: Installation, call_id: str) -> None:
    """`tests/load/bench_attack.py` measures what 200 such connections do to the clients of other addresses."""
    url = fresh_installation.url
    async with Caller(url) as alice, contextlib.AsyncExitStack() as stack:
        await alice.join(call_id)
        sockets = [ClientSocket(url, local_address="127.0.0.2") for _ in range(3)]
        for socket in sockets:
            await stack.enter_async_context(socket)
        began = time.monotonic()
        requests = [await socket.start_request("createTransport", {}) for _ in range(SLOW_RATE) for socket in sockets]
        answering = asyncio.gather(*requests)
        latencies = []
        while not answering.done():
            asked = time.monotonic()
            await alice.call("getProducers")
            latencies.append(time.monotonic() - asked)
            await asyncio.sleep(0.05)
        # If it waited for its turn behind the flood, its first acknowledgement would be the only one, and take seconds.
        assert quantile(latencies, 0.5) < 1.0, "another address waits, too"
        # All are answered, at the rate of the address, after one burst.
        assert {answer["error"]["code"] for answer in await answering} == {"invalid_argument"}
        assert time.monotonic() - began > (len(requests) - 1.2 * SLOW_RATE) / SLOW_RATE
        assert not any(socket.is_closed for socket in sockets)
