"""Two media nodes of a room cannot reach each other: UDP between them is cut, the bus is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from support.caller import Caller, Consumer
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP
from support.udp_cut import INTERNAL_IP, UdpCut, udp_cut

TOLD_WITHIN = BACK_WITHIN = 20.0
"""Seconds. A cut is noticed after 4; a busy machine takes longer."""
TWO_PER_NODE = {"nodes": 2, "environment": {"ROOM_PEERS_PER_NODE": "2", "INTERNAL_IP": INTERNAL_IP}}
NAMES = ("ann", "bob", "cem", "dan")
"""The first two are on one node, the others on the other one."""
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.parametrize("fresh_installation", [TWO_PER_NODE], indirect=True),
]


@pytest.fixture
async def peers(fresh_installation: Installation, call_id: str) -> AsyncIterator[list[Caller]]:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in NAMES]
        for peer, name in zip(peers, NAMES, strict=True):
            await peer.join(call_id, userId=name, resumable=True)
            await peer.transport("send")
        yield peers


@pytest.fixture
async def way(peers: list[Caller]) -> AsyncIterator[UdpCut]:
    """The way between the nodes."""
    ports = [transport.node_port for peer in peers for transport in peer.transports.values()]
    assert ports[0] == ports[1] != ports[2] == ports[3]
    async with udp_cut(ports[0], ports[2]) as way:
        yield way


async def test_everybody_behind_a_cut_is_told_until_media_is_back_by_itself(peers: list[Caller], way: UdpCut) -> None:
    """docs/closures.md, row 38."""
    ann, bob, cem, dan = peers
    tracks = [await ann.publish(kind) for kind in ("audio", "video")]
    behind = [(viewer, await viewer.consume(track)) for viewer in (cem, dan) for track in tracks]
    here = [await bob.consume(track) for track in tracks]
    await wait_media([each for _, each in behind])
    assert way.carried > 0

    way.is_cut = True
    for viewer, consumer in behind:
        await viewer.event("consumerPaused", within=TOLD_WITHIN, consumerId=consumer.id, reason="link")
    for _, consumer in behind:
        await consumer.wait_silent()
    assert [viewer.events("consumerResumed", reason="link") for viewer in peers] == [[]] * 4

    # Who begins to consume meanwhile is told as well; the request itself succeeds.
    late = await dan.consume(await ann.publish("video"))
    await dan.event("consumerPaused", within=TOLD_WITHIN, consumerId=late.id, reason="link")

    way.is_cut = False
    behind.append((dan, late))
    await wait_media([each for _, each in behind], within=BACK_WITHIN)
    for viewer, consumer in behind:
        await viewer.event("consumerResumed", within=TOLD_WITHIN, consumerId=consumer.id, reason="link")
        for event in ("consumerPaused", "consumerResumed"):
            assert len(viewer.events(event, consumerId=consumer.id, reason="link")) == 1, "told once"
    for consumer in here:
        assert consumer.transport.streams[consumer.ssrc].longest_gap < MAX_MEDIA_GAP
    for peer in (ann, bob):
        assert peer.events("consumerPaused", reason="link") == []
    for peer in peers:
        assert peer.events("consumerClosed") == peer.events("producerClosed") == []


async def test_a_way_that_was_cut_before_the_first_consumer_is_told_as_well(peers: list[Caller], way: UdpCut) -> None:
    ann, _, cem, _ = peers
    way.is_cut = True
    consumer = await cem.consume(await ann.publish("video"))
    await cem.event("consumerPaused", within=TOLD_WITHIN, consumerId=consumer.id, reason="link")
    way.is_cut = False
    await cem.event("consumerResumed", within=BACK_WITHIN, consumerId=consumer.id, reason="link")
    await wait_media([consumer])


async def test_who_resumes_behind_a_cut_knows_of_it(
    fresh_installation: Installation, peers: list[Caller], way: UdpCut
) -> None:
    ann, _, cem, _ = peers
    consumer = await cem.consume(await ann.publish("audio"))
    await consumer.wait_packets()
    way.is_cut = True
    await cem.event("consumerPaused", within=TOLD_WITHIN, consumerId=consumer.id, reason="link")
    async with Caller(fresh_installation.url) as again:
        resumed = await again.call("resume", resumeToken=cem.resume_token)
        again.take_over_media(cem)
        assert [one["pausedByLink"] for one in resumed["consumers"]] == [True]
        way.is_cut = False
        await again.event("consumerResumed", within=BACK_WITHIN, consumerId=consumer.id, reason="link")
        await consumer.wait_packets()


async def wait_media(consumers: list[Consumer], within: float = 10.0) -> None:
    await asyncio.gather(*(consumer.wait_packets(10, within) for consumer in consumers))
