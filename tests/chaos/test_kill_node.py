"""A media node dies: its peers are notified and moved, and their media continues. The old epoch leaves nothing.

These clients have no standby; those of `tests/integration/test_standby.py` and `tests/e2e/test_standby.py` do.
"""

from __future__ import annotations

import asyncio

import pytest

from support.bus_client import bus_client
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import connected_pair
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved

RECOVERY = 30.0
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_call_moves_to_another_node(fresh_installation: Installation, call_id: str, how: str) -> None:
    """docs/closures.md, rows 13 and 19."""
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        home = await client.placement(call_id, pair.alice.peer_id)
        assert home == await client.placement(call_id, pair.bob.peer_id)
        dying = next(node for node in installation.nodes if node.name == home.node_id)
        old_producers, transports = (
            set(pair.producers.values()),
            {caller: list(caller.transports) for caller in (pair.alice, pair.bob)},
        )

        await asyncio.to_thread(getattr(dying, how))

        for caller, held in transports.items():
            event = await wait_moved(caller, within=RECOVERY)
            assert event["nodeId"] != dying.name
            for transport_id in held:
                await caller.event("transportClosed", transportId=transport_id)
        for producer_id in old_producers:
            await pair.bob.event("producerClosed", producerId=producer_id)
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=old_producers)
        await pair.wait_media()
        await wait_for_counts(installation, within=RECOVERY, **FULL)
        assert (await client.placement(call_id, pair.alice.peer_id)) == (
            await client.placement(call_id, pair.bob.peer_id)
        )
        assert pair.bob.events("peerLeft") == pair.alice.events("roomClosed") == []
    await wait_for_counts(installation, within=RECOVERY)


async def test_call_resumes_when_the_only_node_restarts(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    (node,) = installation.nodes
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        first = await client.placement(call_id, pair.alice.peer_id)
        old_producers = set(pair.producers.values())
        node.kill()
        for producer_id in old_producers:
            await pair.bob.event("producerClosed", within=RECOVERY, producerId=producer_id)
        node.start()
        for caller in (pair.alice, pair.bob):
            await wait_moved(caller, within=RECOVERY)
        second = await client.placement(call_id, pair.alice.peer_id)
        assert second.node_id == first.node_id
        assert second.epoch > first.epoch
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=old_producers)
        await pair.wait_media()
        await wait_for_counts(installation, within=RECOVERY, **FULL)
    await wait_for_counts(installation, within=RECOVERY)
    async with bus_client(installation) as client:
        await client.wait_until_no_records(RECOVERY)
