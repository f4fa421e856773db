"""A frozen media node loses its peers to another node and closes them when it continues: never two owners."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.records import Placement
from support.bus_client import BusClient, bus_client
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import connected_pair
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved

RECOVERY = 30.0
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize("extra", [0.0, pytest.param(30.0, marks=pytest.mark.long)], ids=["short", "30 s"])
async def test_frozen_node_closes_moved_peers_when_it_continues(
    fresh_installation: Installation, call_id: str, extra: float
) -> None:
    """docs/closures.md, row 9."""
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        placement = await client.placement(call_id, pair.alice.peer_id)
        frozen = next(node for node in installation.nodes if node.name == placement.node_id)
        old_producers = set(pair.producers.values())
        frozen.freeze()
        try:
            for caller in (pair.alice, pair.bob):
                assert (await wait_moved(caller, within=RECOVERY))["nodeId"] != frozen.name
            await rebuild_alice(pair)
            await rebuild_bob(pair, before=old_producers)
            await pair.wait_media()
            await asyncio.sleep(extra)
        finally:
            frozen.thaw()

        async with asyncio.timeout(RECOVERY):
            for caller in (pair.alice, pair.bob):
                while await has_transports(client, placement, call_id, caller.peer_id):
                    await asyncio.sleep(0.1)
        await pair.wait_media()
        await wait_for_counts(installation, within=RECOVERY, **FULL)
        assert await client.placement(call_id, pair.alice.peer_id) != placement
        assert pair.bob.events("peerLeft") == []
    await wait_for_counts(installation, within=RECOVERY)


async def has_transports(client: BusClient, placement: Placement, call_id: str, peer_id: str) -> bool:
    """Whether this epoch of the node has transports of the peer. An ended epoch has none."""
    try:
        return bool((await client.describe(placement, call_id, peer_id)).transports)
    except HubbubError:
        return False
