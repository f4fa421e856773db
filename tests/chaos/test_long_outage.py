"""Media continues for half a minute without bus, registry and signaling, also from node to node."""

from __future__ import annotations

import asyncio

import pytest

from support.eventually import wait_for_counts
from support.installation import SPREAD_OVER_NODES, Installation
from support.pair import connected_pair

OUTAGE = 30.0
RECOVERY = 30.0
pytestmark = [pytest.mark.chaos, pytest.mark.long]


@pytest.mark.parametrize(
    "fresh_installation",
    [{}, {"nodes": 2, "environment": SPREAD_OVER_NODES}],
    ids=["one node", "a node each"],
    indirect=True,
)
async def test_media_continues_for_thirty_seconds_on_the_nodes_alone(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair:
        installation.kill_all_but_nodes()
        await pair.check_media_for(OUTAGE)
        installation.start_all_but_nodes()
        await asyncio.to_thread(installation.wait_ready)
    await wait_for_counts(installation, within=RECOVERY)
