"""Two of three media nodes of a room cannot reach each other: their media goes by the third one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from hubbub_media_node.domain.detour import ATTEMPT
from support.caller import Caller, Consumer
from support.eventually import wait_for_metrics
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP
from support.udp_cut import INTERNAL_IP, UdpCut, udp_cut

BACK_WITHIN = 20.0
"""Seconds: 4 until the cut is noticed. A busy machine takes longer."""
THREE_NODES = {"nodes": 3, "metrics": True, "environment": {"ROOM_PEERS_PER_NODE": "1", "INTERNAL_IP": INTERNAL_IP}}
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.parametrize("fresh_installation", [THREE_NODES], indirect=True),
]


class Room:
    """Ann, Ben and Cem are on a node each. Everybody sends audio and video, and receives those of the others."""

    def __init__(self, peers: list[Caller], way: UdpCut) -> None:
        self.peers, self.way = peers, way
        self.ports = [next(iter(peer.transports.values())).node_port for peer in peers]
        self.consumers: dict[tuple[int, int], list[Consumer]] = {}
        """By receiver and sender."""

    async def call_each_other(self) -> None:
        tracks = [[await peer.publish(kind) for kind in ("audio", "video")] for peer in self.peers]
        for receiver, peer in enumerate(self.peers):
            for sender in range(len(self.peers)):
                if sender != receiver:
                    self.consumers[receiver, sender] = [await peer.consume(track) for track in tracks[sender]]
        await self.wait_media(*self.consumers)

    async def wait_media(self, *pairs: tuple[int, int], within: float = 10.0) -> None:
        waiting = (one.wait_packets(20, within) for pair in pairs for one in self.consumers[pair])
        await asyncio.gather(*waiting)

    def cut(self, *pairs: tuple[int, int]) -> None:
        self.way.pairs = {frozenset((self.ports[one], self.ports[other])) for one, other in pairs}

    def longest_gap(self, pairs: set[tuple[int, int]]) -> float:
        """Seconds without a packet of a track, of these pairs."""
        consumers = [one for pair in pairs for one in self.consumers[pair]]
        return max(one.transport.streams[one.ssrc].longest_gap for one in consumers)

    def told(self, event: str = "consumerPaused") -> list[int]:
        """How many consumers of each peer were told."""
        return [len(peer.events(event, reason="link")) for peer in self.peers]


@pytest.fixture
async def room(fresh_installation: Installation, call_id: str) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in range(3)]
        for peer, name in zip(peers, ("ann", "ben", "cem"), strict=True):
            await peer.join(call_id, userId=name)
            await peer.transport("send")
        ports = [next(iter(peer.transports.values())).node_port for peer in peers]
        assert len(set(ports)) == 3
        room = Room(peers, await stack.enter_async_context(udp_cut(*ports)))
        await room.call_each_other()
        yield room


async def wait_links(installation: Installation, connected: int, relayed: int) -> None:
    """Waits for these numbers of ends of links."""
    expected = {"connected": connected, "relayed": relayed, "lost": 0}
    await wait_for_metrics(
        installation,
        lambda seen: all(seen.total("hubbub_node_links", state=state) == count for state, count in expected.items()),
    )


async def test_media_goes_by_the_third_node_and_back(fresh_installation: Installation, room: Room) -> None:
    cut_off = [(0, 1), (1, 0)]
    beside = set(room.consumers) - set(cut_off)
    await wait_links(fresh_installation, connected=12, relayed=0)
    room.cut((0, 1))
    await asyncio.sleep(1)  # what is on its way arrives
    await room.wait_media(*cut_off, within=BACK_WITHIN)
    # A node that stood still was too late with the relay.
    if room.longest_gap(beside) < ATTEMPT / 2:
        assert room.told() == [0, 0, 0], "nobody is told: there is a way"
    await wait_links(fresh_installation, connected=8, relayed=4)
    await asyncio.sleep(12)  # longer than a relay lasts that is not asked again
    await room.wait_media(*cut_off)

    room.cut()
    await wait_links(fresh_installation, connected=12, relayed=0)
    await room.wait_media(*cut_off)
    assert room.longest_gap(beside) < MAX_MEDIA_GAP
    if room.longest_gap(beside) < ATTEMPT / 2:
        assert room.told() == [0, 0, 0]
    async with asyncio.timeout(BACK_WITHIN):
        while room.told() != room.told("consumerResumed"):
            await asyncio.sleep(0.1)
    for peer in room.peers:
        assert peer.events("consumerClosed") == peer.events("producerClosed") == []


async def wait_told(room: Room, event: str) -> None:
    """Waits until all consumers to and from the node in the middle were told."""
    for number, consumers in ((0, 2), (1, 4), (2, 2)):
        async with asyncio.timeout(BACK_WITHIN):
            while room.told(event)[number] < consumers:
                await room.peers[number].wait_for_more()


async def test_a_node_that_nobody_reaches_is_told(room: Room) -> None:
    room.cut((0, 1), (1, 2))
    await wait_told(room, "consumerPaused")
    room.cut((0, 1))
    await room.wait_media(*room.consumers, within=BACK_WITHIN)
    await wait_told(room, "consumerResumed")
    assert room.told() == room.told("consumerResumed") == [2, 4, 2]
