"""Two media nodes in different regions: each client gets the node of its own, and another one while that takes no
work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub_client import Call
from hubbub_client.api import ServerApi
from support.caller import Caller
from support.installation import Installation
from support.python_sdk import publication_of
from support.tracks import ToneTrack

EU, US = "node-1", "node-2"
IN_US = 1
"""The signaling instance whose clients are in the region `us` by default."""


@pytest.fixture
def regions(tmp_path: Path) -> Iterator[Installation]:
    """A node in each of two regions. One signaling instance has a region, too."""
    installation = Installation(tmp_path / "regions", nodes=2, signalings=2)
    placed = {installation.nodes[0]: "eu", installation.nodes[1]: "us", installation.signaling[IN_US]: "us"}
    for process, region in placed.items():
        process.spec = replace(process.spec, environment={**process.spec.environment, "REGION": region})
    with installation:
        yield installation


@pytest.fixture
async def api(regions: Installation) -> AsyncIterator[ServerApi]:
    async with ServerApi(regions.url) as entered:
        yield entered


async def hosts(api: ServerApi, call_id: str) -> dict[str, str]:
    """The node of each user."""
    return {peer.user_id: peer.placement.node_id for peer in await api.peers(call_id) if peer.placement is not None}


async def test_a_room_spans_the_regions_of_its_people(regions: Installation, api: ServerApi, call_id: str) -> None:
    assert {node.node_id: node.region for node in await api.nodes()} == {EU: "eu", US: "us"}
    async with (
        Call(regions.url, call_id, "Ann", user_id="ann", region="us") as ann,
        Call(regions.url, call_id, "Ben", user_id="ben", region="eu") as ben,
        Caller(regions.url) as without,
        Caller(regions.urls[IN_US]) as default,
        Caller(regions.urls[IN_US]) as hint,
        Caller(regions.url) as elsewhere,
    ):
        await without.join(call_id, userId="without")
        await default.join(call_id, userId="default")
        await hint.join(call_id, userId="hint", region="eu")
        await elsewhere.join(call_id, userId="elsewhere", region="mars")
        assert await hosts(api, call_id) == {
            "ann": US,
            "ben": EU,
            "without": US,  # the home of the room
            "default": US,
            "hint": EU,
            "elsewhere": US,
        }
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(ben, "Ann", "microphone")
        async with microphone.frames() as sound:
            assert (await anext(sound)).codec == "opus"


async def test_a_region_whose_node_drains_falls_back_and_returns(
    regions: Installation, api: ServerApi, call_id: str
) -> None:
    async with Caller(regions.url) as ann, Caller(regions.url) as ben, Caller(regions.url) as cem:
        await ann.join(call_id, userId="ann", region="eu")
        await ann.publish("audio")
        assert await hosts(api, call_id) == {"ann": EU}
        await asyncio.to_thread(regions.nodes[0].stop)
        await ann.event("peerMoved")
        await ben.join(call_id, userId="ben", region="eu")
        assert await hosts(api, call_id) == {"ann": US, "ben": US}
        regions.nodes[0].start()
        await asyncio.to_thread(regions.wait_ready)
        await cem.join(call_id, userId="cem", region="eu")
        assert await hosts(api, call_id) == {"ann": US, "ben": US, "cem": EU}, "nobody moves back"
