"""The bus is away for minutes: no process ends or asks to be restarted, no call ends, and media goes on.

`/health`, which Kubernetes and compose.yaml check, answers all the time. HUBBUB_BUS_AWAY_SECONDS says how long the bus
is away in the long variant.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from support.bus_client import BusClient, bus_client
from support.installation import SPREAD_OVER_NODES, Installation
from support.live_rooms import LiveRooms, live_rooms
from support.scrape import get_json

pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)

AWAY = float(os.environ.get("HUBBUB_BUS_AWAY_SECONDS", "600"))
MOST_SILENCE = 5.0
"""Seconds without a decoded frame that a busy machine may cause."""
RECOVERY = 100.0
"""Seconds. Leases expire after 10, and a grace period of 30 may begin again."""
HEALTH_INTERVAL = 1.0


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(20.0, id="short"),
        pytest.param(AWAY, id="long", marks=[pytest.mark.long, pytest.mark.timeout(AWAY + 400)]),
    ],
)
async def test_a_bus_that_is_away_restarts_nothing_and_ends_no_call(tmp_path: Path, away: float) -> None:
    installation = Installation(
        tmp_path,
        registries=2,
        nodes=2,
        signalings=2,
        calls=1,
        recorders=1,
        webhooks=1,
        metrics=True,
        reconnect_grace=30.0,
        environment=SPREAD_OVER_NODES,
    )
    try:
        await asyncio.to_thread(installation.start)
        pids = {process.name: process.pid for process in installation.processes}
        async with live_rooms(installation, rooms=1, people=3) as rooms:
            async with bus_client(installation) as client:
                await rooms.require_whole(client, within=RECOVERY)
                before = await transports(client, rooms)
            rooms.reset_silence()

            await asyncio.to_thread(installation.nats.kill)
            checked = await watch(installation, rooms, away)
            await asyncio.to_thread(installation.nats.start)

            returned = time.monotonic()
            await asyncio.to_thread(installation.wait_ready)
            async with bus_client(installation) as client:
                await rooms.require_whole(client, within=RECOVERY)
                after = await transports(client, rooms)
            log.info(
                "bus away for %.0f s: /health asked %d times, longest silence %.2f s, whole again after %.1f s",
                away,
                checked,
                rooms.longest_silence,
                time.monotonic() - returned,
            )
            assert {process.name: process.pid for process in installation.processes} == pids
            assert after == before, "no media was made anew"
            assert rooms.longest_silence < MOST_SILENCE
    finally:
        await asyncio.to_thread(installation.stop)


async def watch(installation: Installation, rooms: LiveRooms, seconds: float) -> int:
    """Requires for this time that each process answers its health checks and that all hear all others.

    Returns how often a process was asked.
    """
    own = (url.removesuffix("/metrics") for url in installation.layout.metrics_urls())
    bases = [*own, *installation.urls]  # signaling answers on either of its ports
    checked, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for base in bases:
            assert await asyncio.to_thread(get_json, f"{base}/health") == (200, {"status": "ok"}), base
            checked += 1
        await rooms.require_media(within=MOST_SILENCE + 10)
        await asyncio.sleep(HEALTH_INTERVAL)
    return checked


async def transports(client: BusClient, rooms: LiveRooms) -> AbstractSet[tuple[str, str]]:
    """The transports of all people, each with the node that has it."""
    found = set()
    for room in rooms.rooms:
        for peer in (await client.room(room.name)).peers:
            assert peer.placement is not None
            described = await client.describe(peer.placement, room.name, peer.peer_id)
            found |= {(each.transport_id, peer.placement.node_id) for each in described.transports}
    return found
