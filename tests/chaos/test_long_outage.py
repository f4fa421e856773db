"""Media continues for half a minute without bus, registry and signaling."""

from __future__ import annotations

import asyncio

import pytest

from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP, connected_pair

OUTAGE = 30.0
RECOVERY = 30.0
pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(150)]


async def test_media_continues_for_thirty_seconds_on_the_node_alone(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair:
        for process in (*installation.signaling, *installation.registries):
            process.kill()
        installation.nats.kill()
        end = asyncio.get_running_loop().time() + OUTAGE
        while asyncio.get_running_loop().time() < end:
            await pair.wait_media(10, within=2)
        assert pair.longest_gap < MAX_MEDIA_GAP
        installation.nats.start()
        for process in (*installation.registries, *installation.signaling):
            process.start()
        await asyncio.to_thread(installation.wait_ready)
    await wait_for_counts(installation, within=RECOVERY)
