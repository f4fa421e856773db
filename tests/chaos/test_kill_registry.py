"""Registry replicas are killed during joins: every acknowledged peer is in the room."""

from __future__ import annotations

import asyncio
import logging
import time
from statistics import quantiles

import pytest

from support.bus_client import bus_client
from support.caller import Caller, rtp_capabilities
from support.eventually import wait_for_counts
from support.installation import Installation

JOINS = 40
AT_ONCE = 8
RECOVERY = 45.0
pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)


async def join(caller: Caller, call_id: str, times: list[float]) -> str:
    """Joins with retries of retryable errors. Raises AssertionError for other errors.

    Adds the time of each request, in seconds, to `times`.
    """
    await caller.open()
    payload = {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()}
    while True:
        asked = time.monotonic()
        answer = await caller.request("joinRoom", payload)
        times.append(time.monotonic() - asked)
        if "error" not in answer:
            return str(answer["peerId"])
        assert answer["error"]["retryable"], answer


@pytest.mark.parametrize("fresh_installation", [{"registries": 2}], indirect=True)
async def test_no_acknowledged_join_is_lost(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    callers = [Caller(installation.url) for _ in range(JOINS)]
    times: list[float] = []
    try:
        async with Caller(installation.url) as observer, bus_client(installation) as client:
            await observer.join(call_id)
            gate = asyncio.Semaphore(AT_ONCE)

            async def enter(caller: Caller) -> str:
                async with gate:
                    return await join(caller, call_id, times)

            entering = [asyncio.create_task(enter(caller)) for caller in callers]
            for kill, registry in enumerate(installation.registries * 2, start=1):
                await asyncio.wait(entering[: kill * JOINS // 5])
                registry.kill()
                registry.start()
            acknowledged = set(await asyncio.gather(*entering))
            assert len(acknowledged) == JOINS
            percentiles = quantiles(times, n=100, method="inclusive")
            log.info("%d requests: median %.2f s, p99 %.2f s", len(times), percentiles[49], percentiles[98])

            await asyncio.to_thread(installation.wait_ready)
            recorded = {peer.peer_id for peer in (await client.room(call_id)).peers}
            assert acknowledged <= recorded
            for peer_id in acknowledged:
                await observer.event("peerJoined", peerId=peer_id)
            # Peers that were added without an acknowledgement are removed.
            await wait_for_counts(installation, within=RECOVERY, rooms=1, peers=JOINS + 1)
            assert not acknowledged & {event["peerId"] for event in observer.events("peerLeft")}
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))
    await wait_for_counts(installation, within=RECOVERY)
