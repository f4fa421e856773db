"""Ten thousand people join and leave: every process is as it was before.

Row 27 of docs/security.md. `tests/chaos/test_random_sessions.py` does the same with random media and random ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bus_client import bus_client
from support.caller import Caller
from support.client_socket import Refused
from support.eventually import wait_for_counts
from support.footprint import KIB, MIB, Footprint
from support.installation import ONE_ADDRESS, Installation

AT_ONCE = 8
ROOMS = 4
WARM_UP = 40
SETTLE_TIMEOUT = 40.0
GROWTH = 8 * MIB
"""Memory that an allocator may retain."""
GROWTH_PER_CYCLE = KIB // 2
"""A leaked peer costs more than 10 KiB."""
log = logging.getLogger(__name__)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Installation]:
    """An installation that forgets rooms and peers soon."""
    with Installation(
        tmp_path / "installation", environment=ONE_ADDRESS, reconnect_grace=1.0, empty_room_ttl=5.0
    ) as running:
        yield running


async def join(caller: Caller, room: str) -> None:
    """Joins, and as a client does, creates the room again when it was removed in between. The timeout bounds it."""
    while True:
        try:
            await caller.join(room)
        except Refused as refused:
            if refused.code != "room_not_found":
                raise
        else:
            return


async def run_cycles(url: str, cycles: int) -> None:
    """Each cycle is a new connection, a join, two transports, and an orderly end or a lost socket."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate, Caller(url) as caller:
            await join(caller, f"room {number % ROOMS}")
            for direction in ("send", "recv"):
                await caller.ask("createTransport", direction=direction)
            if number % 2:
                await caller.ask("leaveRoom")
            else:
                await caller.cut()

    for begin in range(0, cycles, 1_000):
        await asyncio.gather(*(one(number) for number in range(begin, min(begin + 1_000, cycles))))


async def settled(installation: Installation) -> list[Footprint]:
    """The resources of all processes, once no state of any client remains."""
    await wait_for_counts(installation, within=SETTLE_TIMEOUT)
    async with bus_client(installation) as client:
        await client.wait_until_no_records(SETTLE_TIMEOUT)
    return [Footprint.of(process.name, process.pid) for process in installation.processes]


@pytest.mark.parametrize("cycles", [100, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1_200)])])
async def test_join_and_leave_leave_nothing(quick: Installation, cycles: int) -> None:
    await run_cycles(quick.url, WARM_UP)
    before = await settled(quick)
    await run_cycles(quick.url, cycles)
    after = await settled(quick)
    for first, last in zip(before, after, strict=True):
        log.info(
            "%s after %d cycles: %+.1f MiB, %+d descriptors, %+d threads",
            *(last.name, cycles, (last.resident - first.resident) / MIB),
            *(last.descriptors - first.descriptors, last.threads - first.threads),
        )
        assert last.resident - first.resident < GROWTH + GROWTH_PER_CYCLE * cycles, (first, last)
        assert last.descriptors <= first.descriptors + 2, (first, last)
        assert last.threads <= first.threads + 2, (first, last)
