"""A media node dies: whoever was on it is told, placed anew, and talks again; nothing of the old life stays."""

from __future__ import annotations

import asyncio

import pytest

from support.bus import insider
from support.eventually import counts_become
from support.installation import Installation
from support.moving import moved, rebuild_alice, rebuild_bob
from support.pair import calling

BACK = 20.0
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_a_call_moves_to_another_node(fresh_installation: Installation, call_id: str, how: str) -> None:
    """docs/closures.md, rows 13 and 19."""
    installation = fresh_installation
    async with calling(installation.url, call_id) as pair, insider(installation) as inside:
        home = await inside.placement(call_id, pair.alice.peer_id)
        assert home == await inside.placement(call_id, pair.bob.peer_id)
        dying = next(node for node in installation.nodes if node.name == home.node_id)
        former, transports = (
            set(pair.producers.values()),
            {caller: list(caller.transports) for caller in (pair.alice, pair.bob)},
        )

        await asyncio.to_thread(getattr(dying, how))

        for caller, held in transports.items():
            told = await moved(caller, within=BACK)
            assert told["nodeId"] != dying.name
            for transport_id in held:
                await caller.event("transportClosed", transportId=transport_id)
        for producer_id in former:
            await pair.bob.event("producerClosed", producerId=producer_id)
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=former)
        await pair.flows()
        await counts_become(installation, within=BACK, **FULL)
        assert (await inside.placement(call_id, pair.alice.peer_id)) == (
            await inside.placement(call_id, pair.bob.peer_id)
        )
        assert pair.bob.events("peerLeft") == pair.alice.events("roomClosed") == []
    await counts_become(installation, within=BACK)


async def test_a_call_waits_for_the_only_node_and_goes_on_in_its_next_life(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    (node,) = installation.nodes
    async with calling(installation.url, call_id) as pair, insider(installation) as inside:
        first = await inside.placement(call_id, pair.alice.peer_id)
        former = set(pair.producers.values())
        node.kill()
        for producer_id in former:
            await pair.bob.event("producerClosed", within=BACK, producerId=producer_id)
        node.start()
        for caller in (pair.alice, pair.bob):
            await moved(caller, within=BACK)
        second = await inside.placement(call_id, pair.alice.peer_id)
        assert second.node_id == first.node_id
        assert second.epoch > first.epoch
        await rebuild_alice(pair)
        await rebuild_bob(pair, before=former)
        await pair.flows()
        await counts_become(installation, within=BACK, **FULL)
    await counts_become(installation, within=BACK)
    async with insider(installation) as inside:
        await inside.no_record_is_left(BACK)
