"""The stream leader of three NATS servers is killed: calls continue, and joins soon succeed again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import nats
import pytest

from support.caller import Caller
from support.client_socket import Refused
from support.deployed_nats import DeployedNats
from support.installation import Installation
from support.pair import connected_pair

RECOVERY = 40.0
"""Seconds. An election takes 4 to 9, and clients of the dead server must reconnect."""
pytestmark = pytest.mark.chaos


async def rooms_leader(servers: DeployedNats) -> str:
    """Waits until all servers have the bucket, and returns the name of its leader."""
    client = await nats.connect(servers.url("registry").split(","), inbox_prefix="_INBOX.registry.test")
    try:
        async with asyncio.timeout(RECOVERY):
            while True:
                state = (await client.jetstream().stream_info("KV_rooms")).cluster
                if state and state.leader and len(state.replicas or []) == 2:
                    return state.leader
                await asyncio.sleep(0.1)
    finally:
        await client.close()


async def test_call_survives_the_loss_of_the_stream_leader(tmp_path: Path, call_id: str) -> None:
    installation = Installation(tmp_path / "installation", registries=2)
    with DeployedNats(tmp_path / "nats", servers=3) as servers:
        servers.configure(installation, BUCKET_REPLICAS="3")
        with installation:
            async with connected_pair(installation.url, call_id) as pair:
                leader = await rooms_leader(servers)
                next(server for server in servers.servers if server.name == leader).kill()
                await pair.wait_media()

                deadline = time.monotonic() + RECOVERY
                async with Caller(installation.url) as carol:
                    while True:
                        try:
                            await carol.join(call_id, userId="carol")
                            break
                        except Refused as refused:
                            if not refused.retryable or time.monotonic() > deadline:
                                raise
                            await asyncio.sleep(0.2)
                    for producer_id in pair.producers.values():
                        await (await carol.consume(producer_id)).wait_packets()
                    await pair.wait_media()
        assert servers.violations() == []
