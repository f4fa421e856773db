"""Two regions: the services of one of them attach to a leaf node of the other's NATS server."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from support.caller import Caller
from support.deployed_nats import CONFIGURATION
from support.eventually import wait_for_counts, wait_for_workers
from support.installation import SPREAD_OVER_NODES
from support.pair import connected_pair
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved
from support.regions import two_regions

FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
RECOVERY = 30.0


@pytest.mark.parametrize("home_first", [True, False], ids=["from home", "from the other region"])
async def test_a_call_spans_both_regions(tmp_path: Path, call_id: str, home_first: bool) -> None:
    async with two_regions(tmp_path, delay=0.04, environment=SPREAD_OVER_NODES) as regions:
        urls = (regions.home_url, regions.far_url) if home_first else (regions.far_url, regions.home_url)
        async with connected_pair(urls[0], call_id, urls[1]) as pair:
            await pair.wait_media()
            await pair.alice.call("pauseProducer", producerId=pair.producers["audio"])
            await pair.bob.event("producerPaused", producerId=pair.producers["audio"])
            # Each region's node has one of them.
            await wait_for_workers(
                regions.installation, lambda workers: sorted(worker["peers"] for worker in workers) == [1, 1]
            )
        await wait_for_counts(regions.installation)
        assert regions.violations() == []


async def test_a_killed_node_of_the_other_region_is_replaced(tmp_path: Path, call_id: str) -> None:
    async with two_regions(tmp_path, delay=0.04) as regions:
        home_node, far_node = regions.installation.nodes
        await asyncio.to_thread(home_node.stop)
        async with connected_pair(regions.home_url, call_id, regions.far_url) as pair:
            home_node.start()
            await asyncio.to_thread(regions.installation.wait_ready)
            old = set(pair.producers.values())
            far_node.kill()
            for caller in (pair.alice, pair.bob):
                assert (await wait_moved(caller, within=RECOVERY))["nodeId"] == home_node.name
            await rebuild_alice(pair)
            await rebuild_bob(pair, before=old)
            await pair.wait_media()
            await wait_for_counts(regions.installation, within=RECOVERY, **FULL)
        assert regions.violations() == []


async def test_the_regions_are_joined_with_tls(tmp_path: Path, call_id: str) -> None:
    certificate = tmp_path / "certificate"
    certificate.mkdir()
    script = [str(CONFIGURATION / "certificate.sh"), str(certificate), "localhost", "127.0.0.1"]
    await asyncio.to_thread(subprocess.run, ["sh", *script], check=True, capture_output=True)
    async with two_regions(tmp_path, certificate=certificate) as regions, Caller(regions.far_url) as caller:
        await caller.join(call_id)
        await caller.publish("audio")
