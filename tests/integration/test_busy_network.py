"""A node whose network carries what its operator allows gets no more peers."""

from __future__ import annotations

import asyncio

import pytest

from support.bus_client import bus_client
from support.caller import Caller
from support.installation import Installation
from support.pair import connected_pair
from support.scrape import get_json

MAX_BITRATE = 20_000
"""bit/s, of which a camera needs a multiple."""
BUSY = 0.7


@pytest.mark.parametrize(
    "fresh_installation", [{"nodes": 2, "environment": {"MAX_NODE_BITRATE": str(MAX_BITRATE)}}], indirect=True
)
async def test_who_joins_a_room_on_a_busy_network_is_placed_elsewhere(
    fresh_installation: Installation, call_id: str
) -> None:
    url = fresh_installation.url
    async with connected_pair(url, call_id) as pair, bus_client(fresh_installation) as client, Caller(url) as carol:
        home = (await client.placement(call_id, pair.alice.peer_id)).node_id
        async with asyncio.timeout(60):
            while await load_of(url, home) < 4 * BUSY:
                await asyncio.sleep(0.1)
        await carol.join(call_id)
        assert (await client.placement(call_id, carol.peer_id)).node_id != home
        await (await carol.consume(pair.producers["audio"])).wait_packets()


async def load_of(url: str, node_id: str) -> float:
    _, answer = await asyncio.to_thread(get_json, f"{url}/nodes")
    [load] = [node["load"] for node in answer["nodes"] if node["nodeId"] == node_id]
    return float(load)
