"""NATS dies and comes back with what it had stored: media does not notice, and the state is what it was."""

from __future__ import annotations

import asyncio

import pytest

from support.bus import insider
from support.caller import Caller
from support.eventually import counts_become
from support.installation import Installation
from support.pair import UNBROKEN, calling

FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
BACK = 30.0
pytestmark = pytest.mark.chaos


@pytest.mark.parametrize(
    "away", [2.0, pytest.param(30.0, marks=[pytest.mark.long, pytest.mark.timeout(150)])], ids=["2 s", "30 s"]
)
@pytest.mark.parametrize("fresh_installation", [{"registries": 2, "nodes": 2}], indirect=True)
async def test_a_call_outlives_the_bus(fresh_installation: Installation, call_id: str, away: float) -> None:
    installation = fresh_installation
    async with calling(installation.url, call_id) as pair:
        await counts_become(installation, **FULL)
        async with insider(installation) as inside:
            before = await inside.room(call_id)
        installation.nats.kill()
        end = asyncio.get_running_loop().time() + away
        while asyncio.get_running_loop().time() < end:
            await pair.flows(5, within=2)
        installation.nats.start()
        await asyncio.to_thread(installation.wait_ready)

        await counts_become(installation, within=BACK, **FULL)
        async with insider(installation) as inside:
            after = await inside.room(call_id)
        assert after.peers == before.peers
        await pair.flows()
        assert pair.longest_gap < UNBROKEN
        for caller in (pair.alice, pair.bob):
            assert not caller.is_closed
            assert caller.events("peerMoved") == caller.events("transportClosed") == caller.events("peerLeft") == []

        async with Caller(installation.url) as carol:
            await carol.join(call_id)
            await pair.alice.event("peerJoined", peerId=carol.peer_id)
            await (await carol.consume(pair.producers["video"])).hears(10)
    await counts_become(installation, within=BACK)


async def test_the_bus_dies_again_and_again(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    async with calling(installation.url, call_id) as pair:
        for _ in range(3):
            installation.nats.kill()
            await pair.flows(3)
            installation.nats.start()
            await asyncio.to_thread(installation.wait_ready)
        await counts_become(installation, within=BACK, **FULL)
        await pair.flows()
        assert pair.alice.events("peerMoved") == pair.bob.events("peerMoved") == []
    await counts_become(installation, within=BACK)
