"""A service is cut off from the bus, or does not answer, while clients act: nothing is lost and nobody is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.bus_client import bus_client
from support.caller import Caller
from support.installation import Installation
from support.pair import connected_pair
from support.proxied_bus import connect_through
from support.tcp_proxy import TcpProxy

GRACE = 4.0
CONSENT_TIMEOUT = 4.0
OUTBOX_DELAY = 3.0
"""Seconds in which the outbox delivers what waited for the bus."""


@dataclass
class Rig:
    """Two signaling instances; the first one reaches NATS through the proxy."""

    installation: Installation
    proxy: TcpProxy

    async def restore_bus(self) -> None:
        """Lets the first instance reach the bus again, and waits until its outbox is delivered."""
        await self.proxy.start()
        await asyncio.to_thread(self.installation.wait_ready)
        await asyncio.sleep(OUTBOX_DELAY)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A rig for one test, which may break it."""
    installation = Installation(
        tmp_path, signalings=2, reconnect_grace=GRACE, environment={"CONSENT_TIMEOUT": str(CONSENT_TIMEOUT)}
    )
    async with TcpProxy(installation.nats.port) as proxy:
        first = installation.signaling[0]
        connect_through(proxy, first, installation)
        try:
            await asyncio.to_thread(installation.start)
            yield Rig(installation, proxy)
        finally:
            await asyncio.to_thread(installation.stop)


async def test_late_departure_does_not_remove_a_peer_that_was_resumed_on_another_instance(
    rig: Rig, call_id: str
) -> None:
    first, second = rig.installation.urls
    async with connected_pair(first, call_id, second, resumable=True) as pair, Caller(second) as again:
        await rig.proxy.cut()
        await pair.alice.cut()
        await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
        again.take_over_media(pair.alice)
        await asyncio.sleep(GRACE + 1)  # the first instance ends the peer's session, and cannot report it yet
        await rig.restore_bus()
        assert again.events("roomClosed") == pair.bob.events("peerLeft") == pair.bob.events("producerClosed") == []
        await pair.wait_media()
        await again.call("pauseProducer", producerId=pair.producers["audio"])
        await pair.bob.event("producerPaused", producerId=pair.producers["audio"])


async def test_closures_during_an_outage_are_reported_after_it(rig: Rig, call_id: str) -> None:
    first, second = rig.installation.urls
    async with Caller(first) as alice, Caller(second) as bob:
        await alice.join(call_id, userId="alice", resumable=True)
        await bob.join(call_id, userId="bob")
        producer_id = await alice.publish("audio")
        await bob.event("newProducer", producerId=producer_id)
        (transport_id,) = alice.transports
        await rig.proxy.cut()
        await alice.end_media()
        async with bus_client(rig.installation) as client, asyncio.timeout(CONSENT_TIMEOUT + 20):
            placement = await client.placement(call_id, alice.peer_id)
            while (await client.describe(placement, call_id, alice.peer_id)).transports:
                await asyncio.sleep(0.1)
        await rig.restore_bus()
        await alice.event("producerClosed", producerId=producer_id)
        await alice.event("transportClosed", transportId=transport_id)
        await bob.event("producerClosed", producerId=producer_id)
        again = await alice.publish("audio")
        await bob.event("newProducer", producerId=again)
        assert await _listed(bob) == [again]


async def test_closing_does_not_wait_for_the_registry(rig: Rig, call_id: str) -> None:
    _, second = rig.installation.urls
    (registry,) = rig.installation.registries
    async with Caller(second) as alice, Caller(second) as bob:
        await alice.join(call_id, userId="alice")
        await bob.join(call_id, userId="bob")
        closed = await alice.publish("audio")
        left = await alice.publish("video")
        await bob.event("newProducer", producerId=left)
        registry.freeze()
        try:
            async with asyncio.timeout(5):
                await alice.call("closeProducer", producerId=closed)
                await alice.call("closeProducer", producerId=closed)
        finally:
            registry.thaw()
        await bob.event("producerClosed", producerId=closed)
        assert await _listed(bob) == [left]


async def _listed(caller: Caller) -> list[str]:
    return [each["producerId"] for each in (await caller.call("getProducers"))["producers"]]
