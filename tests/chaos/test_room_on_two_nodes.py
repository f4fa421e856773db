"""A room on two media nodes: one dies or freezes. Who is on the other one hardly notices.

These clients have no standby; those of `tests/e2e/test_standby.py` do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from support.bus_client import BusClient, bus_client
from support.caller import Caller, Consumer
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP
from support.rebuild_media import publish_with_retry, wait_moved

RECOVERY = 30.0
TWO_PER_NODE = {"nodes": 2, "environment": {"ROOM_PEERS_PER_NODE": "2"}}
NAMES = ("ann", "ben", "cem", "dan")
pytestmark = pytest.mark.chaos


@dataclass
class Room:
    """Two peers on each node. Each sends audio, and receives that of the others."""

    peers: list[Caller]
    microphones: dict[Caller, str] = field(default_factory=dict)
    consumers: dict[tuple[Caller, Caller], Consumer] = field(default_factory=dict)
    """By listener and speaker."""

    async def publish(self, speaker: Caller) -> None:
        self.microphones[speaker] = await publish_with_retry(speaker, "audio")

    async def listen(self, listener: Caller, speaker: Caller) -> None:
        await listener.event("newProducer", within=RECOVERY, producerId=self.microphones[speaker])
        self.consumers[listener, speaker] = await listener.consume(self.microphones[speaker])

    async def rebuild(self, moved: list[Caller]) -> None:
        """Everybody who moved sends and receives again."""
        self.consumers = {both: one for both, one in self.consumers.items() if not set(both) & set(moved)}
        for peer in moved:
            await peer.end_media()
            await self.publish(peer)
        pairs = [(one, other) for one in self.peers for other in self.peers if one is not other]
        for listener, speaker in pairs:
            if speaker in moved:
                await self.listen(listener, speaker)
            elif listener in moved:
                self.consumers[listener, speaker] = await listener.consume(self.microphones[speaker])

    async def wait_media(self, within: float = 10.0) -> None:
        await asyncio.gather(*(consumer.wait_packets(10, within) for consumer in self.consumers.values()))


@pytest.fixture
async def room(fresh_installation: Installation, call_id: str) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in NAMES]
        room = Room(peers)
        for peer, name in zip(peers, NAMES, strict=True):
            await peer.join(call_id, userId=name)
        for peer in peers:
            await room.publish(peer)
        for listener in peers:
            for speaker in peers:
                if listener is not speaker:
                    room.consumers[listener, speaker] = await listener.consume(room.microphones[speaker])
        await room.wait_media()
        yield room


async def node_of(client: BusClient, call_id: str, peer: Caller) -> str:
    assert peer.peer_id is not None
    return (await client.placement(call_id, peer.peer_id)).node_id


@pytest.mark.parametrize("fresh_installation", [TWO_PER_NODE], indirect=True)
@pytest.mark.parametrize("how", ["kill", "stop", "freeze"])
@pytest.mark.parametrize("victim", [0, 2], ids=["the home", "the other"])
async def test_the_end_of_a_node_moves_its_peers_alone(
    fresh_installation: Installation, room: Room, call_id: str, how: str, victim: int
) -> None:
    """docs/closures.md, rows 19 and 35."""
    installation = fresh_installation
    async with bus_client(installation) as client:
        name = await node_of(client, call_id, room.peers[victim])
        ending = next(node for node in installation.nodes if node.name == name)
        moving = [peer for peer in room.peers if await node_of(client, call_id, peer) == name]
        staying = [peer for peer in room.peers if peer not in moving]
        assert (len(moving), len(staying)) == (2, 2)
        old = [room.microphones[peer] for peer in moving]
        undisturbed = [room.consumers[one, other] for one in staying for other in staying if one is not other]

        await asyncio.to_thread(getattr(ending, how))
        try:
            for peer in moving:
                assert (await wait_moved(peer, within=RECOVERY))["nodeId"] != name
            for peer in staying:
                for producer_id in old:
                    await peer.event("producerClosed", within=RECOVERY, producerId=producer_id)
                    await peer.event("consumerClosed", within=RECOVERY, producerId=producer_id)
            await room.rebuild(moving)
            await room.wait_media()
        finally:
            if how == "freeze":
                ending.thaw()

        for consumer in undisturbed:
            assert consumer.transport.streams[consumer.ssrc].longest_gap < MAX_MEDIA_GAP
        for peer in staying:
            assert peer.events("peerMoved") == peer.events("transportClosed") == []
            closed = [one["producerId"] for one in peer.events("consumerClosed")]
            assert sorted(closed) == sorted(old), "each is told once"
            assert {one["reason"] for one in peer.events("consumerClosed")} == {"producer_closed"}
            assert peer.events("peerLeft") == []
            # A node that does not answer looks like a lost link at first.
            assert peer.events("consumerResumed", reason="link") == []
        await wait_for_counts(installation, within=RECOVERY, rooms=1, peers=4, producers=4, transports=8, consumers=12)
