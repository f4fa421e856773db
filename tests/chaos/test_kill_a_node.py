"""A media node dies: whoever was on it is told, placed anew, and talks again; nothing of the old life stays."""

from __future__ import annotations

import asyncio

import pytest

from support.bus_client import bus_client
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import connected_pair
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved

BACK = 20.0
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_a_call_moves_to_another_node(fresh_installation: Installation, call_id: str, how: str) -> None:
    """docs/closures.md, rows 13 and 19."""
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        home = await client.placement(call_id, pair.alice.peer_id)
        assert home == await client.placement(call_id, pair.bob.peer_id)
        dying = next(node for node in installation.nodes if node.name == home.node_id)
        former, transports = (
            set(pair.producers.values()),
            {caller: list(caller.transports) for caller in (pair.alice, pair.bob)},
        )

        await asyncio.to_thread(getattr(dying, how))

        for caller, held in transports.items():
            told = await wait_moved(caller, within=BACK)
            assert told["nodeId"] != dying.name
            for transport_id in held:
                await caller.event("transportClosed", transportId=transport_id)
        for producer_id in former:
            await pair.bob.event("producerClosed", producerId=producer_id)
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=former)
        await pair.wait_media()
        await wait_for_counts(installation, within=BACK, **FULL)
        assert (await client.placement(call_id, pair.alice.peer_id)) == (
            await client.placement(call_id, pair.bob.peer_id)
        )
        assert pair.bob.events("peerLeft") == pair.alice.events("roomClosed") == []
    await wait_for_counts(installation, within=BACK)


async def test_a_call_waits_for_the_only_node_and_goes_on_in_its_next_life(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    (node,) = installation.nodes
    async with connected_pair(installation.url, call_id) as pair, bus_client(installation) as client:
        first = await client.placement(call_id, pair.alice.peer_id)
        former = set(pair.producers.values())
        node.kill()
        for producer_id in former:
            await pair.bob.event("producerClosed", within=BACK, producerId=producer_id)
        node.start()
        for caller in (pair.alice, pair.bob):
            await wait_moved(caller, within=BACK)
        second = await client.placement(call_id, pair.alice.peer_id)
        assert second.node_id == first.node_id
        assert second.epoch > first.epoch
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=former)
        await pair.wait_media()
        await wait_for_counts(installation, within=BACK, **FULL)
    await wait_for_counts(installation, within=BACK)
    async with bus_client(installation) as client:
        await client.wait_until_no_records(BACK)
