"""A media node that stands still for a while finds, when it goes on, that its peers are another's: never two owners."""

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

BACK = 20.0
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize(
    "longer", [0.0, pytest.param(30.0, marks=[pytest.mark.long, pytest.mark.timeout(120)])], ids=["short", "30 s"]
)
async def test_a_node_that_stood_still_gives_up_what_was_taken_from_it(
    fresh_installation: Installation, call_id: str, longer: float
) -> None:
    """docs/closures.md, row 9."""
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        home = await client.placement(call_id, pair.alice.peer_id)
        frozen = next(node for node in installation.nodes if node.name == home.node_id)
        former = set(pair.producers.values())
        frozen.freeze()
        try:
            for caller in (pair.alice, pair.bob):
                assert (await wait_moved(caller, within=BACK))["nodeId"] != frozen.name
            await rebuild_alice(pair)
            await rebuild_bob(pair, before=former)
            await pair.wait_media()
            await asyncio.sleep(longer)
        finally:
            frozen.thaw()

        async with asyncio.timeout(BACK):
            for caller in (pair.alice, pair.bob):
                while await holds(client, home, call_id, caller.peer_id):
                    await asyncio.sleep(0.1)
        await pair.wait_media()
        await wait_for_counts(installation, within=BACK, **FULL)
        assert await client.placement(call_id, pair.alice.peer_id) != home
        assert pair.bob.events("peerLeft") == []
    await wait_for_counts(installation, within=BACK)


async def holds(client: BusClient, home: Placement, call_id: str, peer_id: str) -> bool:
    """Whether that life of the node has anything of the peer. It may be over: then it has nothing."""
    try:
        return bool((await client.describe(home, call_id, peer_id)).transports)
    except HubbubError:
        return False
