"""People come and go in every way there is; when all are gone, nothing of them is left anywhere."""

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
SETTLED = 20.0
GROWTH = 8 * MIB
"""What an allocator may keep by itself."""
GROWTH_PER_LIFE = 2 * KIB
"""A transport that is not given back costs more than 100 KiB."""
pytestmark = pytest.mark.chaos


async def leaves(caller: Caller) -> None:
    await caller.call("leaveRoom")


async def closes_the_page(caller: Caller) -> None:
    await caller.close()


async def loses_the_network(caller: Caller) -> None:
    for source in caller.sources.values():
        await source.stop()
    for transport in caller.transports.values():
        await transport.close_silently()
    caller.transports.clear()
    caller.sources.clear()
    await caller.cut()


async def closes_transports_first(caller: Caller) -> None:
    for transport_id in list(caller.transports):
        await caller.call("closeTransport", transportId=transport_id)
    await caller.cut()


async def is_cut_off_in_mid_sentence(caller: Caller) -> None:
    await caller.start_request("createTransport", {"direction": "send"})
    await caller.start_request("createTransport", {"direction": "recv"})
    await caller.start_request("leaveRoom", {})
    await caller.cut()


async def comes_back_and_leaves(caller: Caller) -> None:
    if caller.resume_token is None:
        return
    await caller.cut()
    async with Caller(caller.url) as again:
        await again.call("resume", resumeToken=caller.resume_token, lastRevision=0)
        await again.call("leaveRoom")


ENDS: tuple[Callable[[Caller], Awaitable[None]], ...] = (
    leaves,
    closes_the_page,
    loses_the_network,
    closes_transports_first,
    is_cut_off_in_mid_sentence,
    comes_back_and_leaves,
)


async def run_session(url: str, chance: random.Random) -> None:
    """One life: in a room of a few, with some media, ended in some way."""
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
            # Its owner may be gone by now.
            with contextlib.suppress(Refused):
                consumer = await caller.consume(producer_id)
                with contextlib.suppress(TimeoutError):
                    await consumer.wait_packets(2, within=0.5)
        await chance.choice(ENDS)(caller)


async def run_sessions(url: str, lives: int, chance: random.Random) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(own_chance: random.Random) -> None:
        async with gate:
            await run_session(url, own_chance)

    async with asyncio.TaskGroup() as group:
        for _ in range(lives):
            group.create_task(one(random.Random(chance.random())))


async def settled_footprints(installation: Installation) -> list[Footprint]:
    """Once nothing is left of anybody."""
    await wait_for_counts(installation, within=SETTLED)
    async with bus_client(installation) as client:
        await client.wait_until_no_records(SETTLED)
    return [Footprint.of(process.name, process.pid) for process in installation.processes]


@pytest.mark.parametrize(
    "lives",
    [
        60,
        pytest.param(300, marks=[pytest.mark.long, pytest.mark.timeout(300)]),
        pytest.param(3_000, marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
    ],
)
@pytest.mark.parametrize("fresh_installation", [{"reconnect_grace": 1.0, "empty_room_ttl": 1.0}], indirect=True)
async def test_nothing_is_left_of_those_who_came_and_went(fresh_installation: Installation, lives: int) -> None:
    chance = random.Random(20_231_123)
    await run_sessions(fresh_installation.url, WARM_UP, chance)
    before = await settled_footprints(fresh_installation)

    await run_sessions(fresh_installation.url, lives, chance)
    after = await settled_footprints(fresh_installation)

    for first, last in zip(before, after, strict=True):
        assert last.resident - first.resident < GROWTH + GROWTH_PER_LIFE * lives, (first, last)
        assert last.descriptors <= first.descriptors + 2, (first, last)
        assert last.threads <= first.threads + 2, (first, last)
