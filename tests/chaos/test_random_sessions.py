"""Clients join and leave in random ways. Afterwards no service has state of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import pytest

from support.bus_client import bus_client
from support.caller import Caller, rtp_capabilities
from support.client_socket import Refused
from support.eventually import wait_for_counts
from support.footprint import KIB, MIB, Footprint
from support.installation import Installation

AT_ONCE = 6
ROOMS = 4
WARM_UP = 40
SETTLE_TIMEOUT = 50.0
"""Seconds: a session without its socket ends after 10, and its room 8 later."""
GROWTH = 8 * MIB
"""Memory that an allocator may retain."""
GROWTH_PER_SESSION = 2 * KIB
"""A leaked transport costs more than 100 KiB."""
pytestmark = pytest.mark.chaos


async def leave(caller: Caller) -> None:
    await caller.ask("leaveRoom")


async def close_socket(caller: Caller) -> None:
    await caller.close()


async def lose_network(caller: Caller) -> None:
    for source in caller.sources.values():
        await source.stop()
    for transport in caller.transports.values():
        await transport.close_silently()
    caller.transports.clear()
    caller.sources.clear()
    await caller.cut()


async def close_transports_first(caller: Caller) -> None:
    for transport_id in list(caller.transports):
        await caller.ask("closeTransport", transportId=transport_id)
    await caller.cut()


async def disconnect_with_pending_requests(caller: Caller) -> None:
    await caller.start_request("createTransport", {"direction": "send"})
    await caller.start_request("createTransport", {"direction": "recv"})
    await caller.start_request("leaveRoom", {})
    await caller.cut()


async def resume_and_leave(caller: Caller) -> None:
    if caller.resume_token is None:
        return
    await caller.cut()
    async with Caller(caller.url) as again:
        await again.ask("resume", resumeToken=caller.resume_token, lastRevision=0)
        await again.ask("leaveRoom")


ENDS: tuple[Callable[[Caller], Awaitable[None]], ...] = (
    leave,
    close_socket,
    lose_network,
    close_transports_first,
    disconnect_with_pending_requests,
    resume_and_leave,
)


async def run_session(url: str, chance: random.Random) -> None:
    """One session: a random room, random media, a random end."""
    room = f"room {chance.randrange(ROOMS)}"
    async with Caller(url) as caller:
        if chance.random() < 0.1:
            await caller.start_request("createRoom", {"callId": room})
            await caller.start_request(
                "joinRoom", {"callId": room, "userId": "u", "rtpCapabilities": rtp_capabilities()}
            )
            await caller.cut()
            return
        joined = await caller.join(room, resumable=chance.random() < 0.4)
        for kind in chance.sample(("audio", "video"), chance.randrange(3)):
            await caller.publish(kind)
        offered = [one["producerId"] for peer in joined["peers"] for one in peer["producers"]]
        for producer_id in offered[: chance.randrange(4)]:
            retried_for, caller.retried_for = caller.retried_for, 0.0  # its owner may have left
            with contextlib.suppress(Refused):
                consumer = await caller.consume(producer_id)
                with contextlib.suppress(TimeoutError):
                    await consumer.wait_packets(2, within=0.5)
            caller.retried_for = retried_for
        await chance.choice(ENDS)(caller)


async def run_sessions(url: str, sessions: int, chance: random.Random) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def run_one(own_chance: random.Random) -> None:
        async with gate:
            await run_session(url, own_chance)

    async with asyncio.TaskGroup() as group:
        for _ in range(sessions):
            group.create_task(run_one(random.Random(chance.random())))


async def settled_footprints(installation: Installation) -> list[Footprint]:
    """The resources of all processes, once no state of any client remains."""
    await wait_for_counts(installation, within=SETTLE_TIMEOUT)
    async with bus_client(installation) as client:
        await client.wait_until_no_records(SETTLE_TIMEOUT)
    return [Footprint.of(process.name, process.pid) for process in installation.processes]


@pytest.mark.parametrize(
    "sessions",
    [
        60,
        pytest.param(300, marks=pytest.mark.long),
        pytest.param(3_000, marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
    ],
)
@pytest.mark.parametrize("fresh_installation", [{"reconnect_grace": 10.0, "empty_room_ttl": 8.0}], indirect=True)
async def test_sessions_leak_nothing(fresh_installation: Installation, sessions: int) -> None:
    chance = random.Random(20_231_123)
    await run_sessions(fresh_installation.url, WARM_UP, chance)
    before = await settled_footprints(fresh_installation)

    await run_sessions(fresh_installation.url, sessions, chance)
    after = await settled_footprints(fresh_installation)

    for first, last in zip(before, after, strict=True):
        assert last.resident - first.resident < GROWTH + GROWTH_PER_SESSION * sessions, (first, last)
        assert last.descriptors <= first.descriptors + 2, (first, last)
        assert last.threads <= first.threads + 2, (first, last)
