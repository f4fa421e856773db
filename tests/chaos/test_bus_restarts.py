"""NATS is killed and restarts with its store, with an older one or without: media continues, and the state returns."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time

import pytest

from hubbub_contracts.bus.records import PeerRecord
from support.bus_client import bus_client
from support.caller import Caller
from support.eventually import wait_for_counts
from support.installation import SPREAD_OVER_NODES, Installation
from support.nats_store import copy_store
from support.pair import MAX_MEDIA_GAP, connected_pair

FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
TWO_NODES = {"registries": 2, "nodes": 2}
A_NODE_EACH = {**TWO_NODES, "environment": SPREAD_OVER_NODES}
"""Alice and Bob are on different nodes."""
RECOVERY = 40.0
"""Seconds. The registry is unavailable for 10 while it writes a lost store again."""
pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)


@pytest.mark.parametrize("outage", [2.0, pytest.param(30.0, marks=pytest.mark.long)], ids=["2 s", "30 s"])
@pytest.mark.parametrize("fresh_installation", [TWO_NODES, A_NODE_EACH], ids=["one node", "a node each"], indirect=True)
async def test_call_survives_a_bus_outage(fresh_installation: Installation, call_id: str, outage: float) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair:
        await wait_for_counts(installation, **FULL)
        async with bus_client(installation) as client:
            before = await client.room(call_id)
        installation.nats.kill()
        await pair.check_media_for(outage)
        started = time.monotonic()
        installation.nats.start()
        await asyncio.to_thread(installation.wait_ready)

        await wait_for_counts(installation, within=RECOVERY, **FULL)
        log.info("state equal %.1f s after the bus started", time.monotonic() - started)
        async with bus_client(installation) as client:
            after = await client.room(call_id)
        assert after.peers == before.peers
        await pair.wait_media()
        assert pair.longest_gap < MAX_MEDIA_GAP
        for caller in (pair.alice, pair.bob):
            assert not caller.is_closed
            assert caller.events("peerMoved") == caller.events("transportClosed") == caller.events("peerLeft") == []

        async with Caller(installation.url) as carol:
            await carol.join(call_id)
            await pair.alice.event("peerJoined", peerId=carol.peer_id)
            await (await carol.consume(pair.producers["video"])).wait_packets(10)
    await wait_for_counts(installation, within=RECOVERY)


async def test_call_survives_repeated_bus_crashes(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id) as pair:
        for _ in range(3):
            installation.nats.kill()
            await pair.wait_media(3)
            installation.nats.start()
            await asyncio.to_thread(installation.wait_ready)
        await wait_for_counts(installation, within=RECOVERY, **FULL)
        await pair.wait_media()
        assert pair.alice.events("peerMoved") == pair.bob.events("peerMoved") == []
    await wait_for_counts(installation, within=RECOVERY)


@pytest.mark.parametrize("registries", ["running", "restarted"])
@pytest.mark.parametrize("storage", ["wiped", "rolled back"])
@pytest.mark.parametrize(
    "fresh_installation", [{"registries": 2, "nodes": 1}, A_NODE_EACH], ids=["one node", "a node each"], indirect=True
)
async def test_the_state_is_rebuilt_when_the_bus_loses_its_store(
    fresh_installation: Installation, call_id: str, storage: str, registries: str
) -> None:
    installation = fresh_installation
    store, copy = installation.directory / "nats", installation.directory / "copy"
    async with connected_pair(installation.url, call_id) as pair:
        await wait_for_counts(installation, **FULL)
        await copy_store(store / "jetstream", copy)
        for _ in range(20):  # the writes that are lost
            await pair.alice.call("pauseProducer", producerId=pair.producers["audio"])
            await pair.alice.call("resumeProducer", producerId=pair.producers["audio"])
        async with bus_client(installation) as client:
            before = await client.room(call_id)
        installation.nats.kill()
        if registries == "restarted":
            for registry in installation.registries:
                registry.kill()
                registry.start()
        shutil.rmtree(store / "jetstream")
        if storage == "rolled back":
            shutil.copytree(copy, store / "jetstream")
        started = time.monotonic()
        installation.nats.start()
        await asyncio.sleep(3)
        await asyncio.to_thread(installation.wait_ready)

        await wait_for_counts(installation, within=RECOVERY, **FULL)
        log.info("state rebuilt %.1f s after the bus started", time.monotonic() - started)
        async with bus_client(installation) as client:
            after = await client.room(call_id)
        assert after.revision > before.revision
        assert [_content(peer) for peer in after.peers] == [_content(peer) for peer in before.peers]
        assert after.room.placement == before.room.placement
        await pair.wait_media()
        assert pair.longest_gap < MAX_MEDIA_GAP
        for caller in (pair.alice, pair.bob):
            assert not caller.is_closed
            for event in ("peerMoved", "transportClosed", "producerClosed", "peerLeft", "roomClosed"):
                assert caller.events(event) == []
        late = await pair.alice.publish("audio")
        await pair.bob.event("newProducer", producerId=late)
    await wait_for_counts(installation, within=RECOVERY)


def _content(peer: PeerRecord) -> PeerRecord:
    """The record without the operation that wrote it."""
    return peer.model_copy(update={"operation_id": None})
