"""Media continues while NATS, the registry and signaling are down. After their restart the counts are correct."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import ids
from hubbub_contracts.bus.records import Placement
from support.bus_client import bus_client
from support.caller import Caller, rtp_parameters
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP, connected_pair

SAMPLE = 6.0
RECOVERY = 40.0
"""Seconds. The lease of a dead instance expires after 10."""
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}


@pytest.mark.parametrize("fresh_installation", [{"reconnect_grace": 30.0}], indirect=True)
async def test_media_continues_without_bus_registry_and_signaling(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id, resumable=True) as pair:
        await wait_for_counts(installation, **FULL)
        installation.kill_all_but_nodes()
        await pair.check_media_for(SAMPLE)
        installation.start_all_but_nodes()
        await asyncio.to_thread(installation.wait_ready)
        async with Caller(installation.url) as alice, Caller(installation.url) as bob:
            for old, new in ((pair.alice, alice), (pair.bob, bob)):
                await new.call("resume", resumeToken=old.resume_token, lastRevision=0)
                new.take_over_media(old)
            await wait_for_counts(installation, within=RECOVERY, **FULL)
            await pair.wait_media()
            assert pair.longest_gap < MAX_MEDIA_GAP
            late = await alice.publish("audio")
            await bob.event("newProducer", producerId=late)
            await (await bob.consume(late)).wait_packets(10)
            await alice.call("leaveRoom")
            await bob.call("leaveRoom")
    await wait_for_counts(installation, within=RECOVERY)


@pytest.mark.parametrize("fresh_installation", [{"reconnect_grace": 1.0}], indirect=True)
async def test_peers_that_cannot_resume_are_removed_after_the_restart(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    async with connected_pair(installation.url, call_id):
        await wait_for_counts(installation, **FULL)
        installation.kill_all_but_nodes()
        installation.start_all_but_nodes()
        await asyncio.to_thread(installation.wait_ready)
        await wait_for_counts(installation, within=RECOVERY)


async def test_closures_row_21_producer_that_cannot_be_recorded_is_closed(
    fresh_installation: Installation, call_id: str
) -> None:
    installation = fresh_installation
    async with Caller(installation.url) as alice, bus_client(installation) as client:
        await alice.join(call_id)
        transport = await alice.transport("send")
        placement: Placement = await client.placement(call_id, alice.peer_id)
        for registry in installation.registries:
            registry.kill()
        payload = {"transportId": transport.id, "kind": "audio", "rtpParameters": rtp_parameters("audio", 11)}
        answer = await alice.request("produce", payload)
        assert (answer["error"]["code"], answer["error"]["retryable"]) in {
            ("unavailable", True),
            ("deadline_exceeded", True),
        }
        async with asyncio.timeout(20):
            while (await client.describe(placement, call_id, alice.peer_id)).producers:
                await asyncio.sleep(0.05)
        for registry in installation.registries:
            registry.start()
        await asyncio.to_thread(installation.wait_ready)
        produced = await alice.ask("produce", **payload)
        room = await client.room(call_id)
        assert room.room.room_id == ids.room_id(call_id)
        assert [one.producer_id for one in room.peers[0].producers] == [produced["id"]]
