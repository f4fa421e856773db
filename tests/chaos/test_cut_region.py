"""The link between two regions is cut: calls stay up on both sides, and nobody is taken for dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hubbub_contracts.bus.records import Placement
from support.bus_client import bus_client
from support.caller import Caller
from support.eventually import wait_for_counts
from support.installation import SPREAD_OVER_NODES
from support.pair import Pair, connected_pair
from support.rebuild_media import publish_with_retry, wait_moved
from support.regions import Regions, two_regions

ONE_WAY = 0.04
"""Seconds from one region to the other."""
LONGEST_CUT = 30.0
SHORT_CUT = 12.0
"""Seconds: long enough for the leases of the other region to lapse."""
UNSTEADY = (0.1, 0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 2.2)
"""Seconds of cuts that end before anybody gives up, or just then."""
RECOVERY = 40.0
"""Seconds. Leases expire after 10, and are taken again by those that lost them."""
CONSENT_TIMEOUT = 3.0
DISTURBING = ("peerMoved", "peerLeft", "producerClosed", "consumerClosed", "transportClosed")
pytestmark = pytest.mark.chaos


@asynccontextmanager
async def crossed_pair(tmp_path: Path, call_id: str, **environment: str) -> AsyncIterator[tuple[Regions, Pair]]:
    """Alice's signaling instance is at home and her media node in the other region; Bob's are the other way round."""
    options: dict[str, Any] = {
        "registries": 2,
        "empty_room_ttl": 30.0,  # the room outlives its first peer
        "environment": {**SPREAD_OVER_NODES, **environment},
    }
    async with two_regions(tmp_path, delay=ONE_WAY, **options) as regions:
        home_node, _ = regions.installation.nodes
        await asyncio.to_thread(home_node.stop)
        async with Caller(regions.home_url) as first:
            await first.join(call_id)  # the room's first node is the other region's
            home_node.start()
            await asyncio.to_thread(regions.installation.wait_ready)
            await first.call("leaveRoom")
        async with connected_pair(regions.home_url, call_id, regions.far_url) as pair:
            assert [one.node_id for one in await placements(regions, pair)] == ["node-2", "node-1"]
            yield regions, pair


async def placements(regions: Regions, pair: Pair) -> list[Placement]:
    """Of Alice and Bob, as the registry has them."""
    async with bus_client(regions.installation, regions.home.url("signaling"), name="signaling-test") as client:
        return [await client.placement(pair.call_id, caller.peer_id) for caller in (pair.alice, pair.bob)]


@pytest.mark.parametrize(
    ("cut", "silent"),
    [
        pytest.param(SHORT_CUT, False, id="connections are refused"),
        pytest.param(LONGEST_CUT, True, id="nothing arrives", marks=pytest.mark.long),
    ],
)
async def test_calls_outlive_a_cut(tmp_path: Path, call_id: str, cut: float, silent: bool) -> None:
    """The services would remove the peers of a signaling instance without a lease after `RECONNECT_GRACE`, 5 s here."""
    async with crossed_pair(tmp_path, call_id) as (regions, pair):
        installation, before = regions.installation, await placements(regions, pair)
        if silent:
            regions.link.block()
        else:
            await regions.link.cut()
        await pair.check_media_for(cut)
        if silent:
            regions.link.unblock()
        else:
            await regions.link.start()
        await asyncio.to_thread(installation.wait_ready)

        late = await publish_with_retry(pair.alice, "audio")  # its node takes its lease first
        await pair.bob.event("newProducer", within=RECOVERY, producerId=late)
        async with Caller(regions.far_url) as carol:
            joined = await carol.join(call_id, userId="carol")
            assert {peer["userId"] for peer in joined["peers"]} == {"alice", "bob"}
            await publish_with_retry(carol, "audio")
            await pair.alice.event("peerJoined", userId="carol")
        await pair.alice.event("peerLeft", userId="carol")
        await pair.wait_media()
        assert await placements(regions, pair) == before, "no node was fenced"
        for caller in (pair.alice, pair.bob):
            assert not caller.is_closed
            events = [event for name in DISTURBING for event in caller.events(name)]
            assert [event for event in events if event["peerId"] != carol.peer_id] == []
        assert regions.violations() == []

        # A death is still told from a cut.
        installation.nodes[-1].kill()
        assert (await wait_moved(pair.alice, within=RECOVERY))["nodeId"] == installation.nodes[0].name


async def test_closures_during_a_cut_are_reported_after_it(tmp_path: Path, call_id: str) -> None:
    """Both signaling instances miss what the other region's node says, and no connection of theirs is lost."""
    async with crossed_pair(tmp_path, call_id, CONSENT_TIMEOUT=str(CONSENT_TIMEOUT)) as (regions, pair):
        lost = {caller: list(caller.transports) for caller in (pair.alice, pair.bob)}
        regions.link.block()
        for caller in lost:
            await caller.end_media()
        await asyncio.sleep(3 * CONSENT_TIMEOUT)  # the nodes close the transports of clients that are silent
        for caller, transports in lost.items():
            assert caller.events("transportClosed") == [], f"{transports} are on the other side"
        regions.link.unblock()
        for caller, transports in lost.items():
            for transport_id in transports:
                await caller.event("transportClosed", within=RECOVERY, transportId=transport_id)
        await wait_for_counts(regions.installation, within=RECOVERY, rooms=1, peers=2)


@pytest.mark.long
async def test_a_node_that_dies_during_a_cut_is_replaced_after_it(tmp_path: Path, call_id: str) -> None:
    async with crossed_pair(tmp_path, call_id) as (regions, pair):
        regions.link.block()
        home_node, far_node = regions.installation.nodes
        far_node.kill()
        await asyncio.sleep(SHORT_CUT)
        assert pair.alice.events("peerMoved") == []
        regions.link.unblock()
        assert (await wait_moved(pair.alice, within=RECOVERY))["nodeId"] == home_node.name
        assert pair.bob.events("peerMoved") == []


@pytest.mark.long
async def test_an_unsteady_link_ends_no_call(tmp_path: Path, call_id: str) -> None:
    """Each time, the subscriptions of the other region are known again one after another."""
    async with crossed_pair(tmp_path, call_id) as (regions, pair):
        before = await placements(regions, pair)
        for seconds in UNSTEADY:
            await regions.link.cut()
            await asyncio.sleep(seconds)
            await regions.link.start()
            await asyncio.sleep(2.5 - seconds)
        await pair.check_media_for(5)
        assert await placements(regions, pair) == before
        for caller in (pair.alice, pair.bob):
            assert [event for name in DISTURBING for event in caller.events(name)] == []
