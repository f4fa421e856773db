"""A room on seven media nodes with a fan-out of two: a tree of three levels. A node in the middle dies."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from hubbub_client.api import ServerApi
from hubbub_media_node.domain.cascade import Cascade
from hubbub_registry.adapters.heartbeat_monitor import GRACE_PERIOD
from support.caller import Caller, Consumer
from support.installation import Installation

NODES = 7
FAN_OUT = 2
RECOVERY = 30.0
NODE_SILENCE = "2.5"
"""Seconds. As in use, the dead node is replaced before anybody is told that its links carry nothing, which takes 4."""
MANY = {
    "nodes": NODES,
    "environment": {"ROOM_PEERS_PER_NODE": "1", "ROOM_FAN_OUT": str(FAN_OUT), "NODE_SILENCE": NODE_SILENCE},
}
log = logging.getLogger(__name__)
pytestmark = pytest.mark.chaos


@dataclass
class Listener:
    """Somebody on a node of their own."""

    node_id: str
    caller: Caller
    consumers: list[Consumer]

    async def hears_and_sees(self, within: float = RECOVERY) -> None:
        await asyncio.gather(*(consumer.wait_packets(20, within) for consumer in self.consumers))

    @property
    def longest_gap(self) -> float:
        return max(consumer.transport.streams[consumer.ssrc].longest_gap for consumer in self.consumers)


@dataclass
class Room:
    """One sends audio and video, everybody else receives both."""

    origin: str
    producers: list[str]
    listeners: dict[str, Listener]
    """By node."""

    def paths(self) -> dict[str, tuple[str, ...]]:
        """The path by which each node is to get the tracks."""
        nodes = {self.origin, *self.listeners}
        return {each: Cascade(each, FAN_OUT).path(self.origin, nodes - {each}) for each in self.listeners}


@pytest.fixture
async def room(fresh_installation: Installation, call_id: str) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in range(NODES)]
        for caller in callers:
            await caller.join(call_id)
        async with ServerApi(fresh_installation.url) as api:
            hosts = {
                peer.peer_id: peer.placement.node_id for peer in await api.peers(call_id) if peer.placement is not None
            }
        assert len(set(hosts.values())) == NODES
        speaker, *others = callers
        producers = [await speaker.publish("audio"), await speaker.publish("video")]
        listeners = [
            Listener(hosts[caller.peer_id], caller, [await caller.consume(producer) for producer in producers])
            for caller in others
        ]
        room = Room(hosts[speaker.peer_id], producers, {each.node_id: each for each in listeners})
        await asyncio.gather(*(listener.hears_and_sees() for listener in listeners))
        yield room


async def edges(installation: Installation, call_id: str) -> dict[tuple[str, str], list[str]]:
    """The tracks that cross from a node to another one, as their receiver has them."""
    async with ServerApi(installation.url) as api:
        traffic = await api.traffic(call_id)
    found: dict[tuple[str, str], list[str]] = {}
    for pipe in traffic.pipes:
        if pipe.origin.node_id != pipe.target.node_id and pipe.target.worker is not None:
            found.setdefault((pipe.origin.node_id, pipe.target.node_id), []).append(pipe.producer_id)
    return found


async def wait_for_tree(installation: Installation, call_id: str, paths: Mapping[str, tuple[str, ...]]) -> None:
    """Waits until every node gets the tracks from the first node of its path. Raises TimeoutError."""
    expected = {(path[0], node_id) for node_id, path in paths.items()}
    async with asyncio.timeout(2 * RECOVERY):
        while (await edges(installation, call_id)).keys() != expected:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("fresh_installation", [MANY], indirect=True)
async def test_a_dead_node_in_the_middle_costs_those_below_a_moment(
    fresh_installation: Installation, room: Room, call_id: str
) -> None:
    installation, paths = fresh_installation, room.paths()
    assert max(map(len, paths.values())) == 2, "the origin, two nodes, four nodes"
    await wait_for_tree(installation, call_id, paths)
    for tracks in (await edges(installation, call_id)).values():
        assert sorted(tracks) == sorted(room.producers), "each track crosses once"
    await asyncio.gather(*(listener.hears_and_sees() for listener in room.listeners.values()))

    # A registry that has just started declares no node dead, which the gap would contain.
    await asyncio.sleep(GRACE_PERIOD)
    middle = max(paths, key=lambda node_id: sum(node_id in path for path in paths.values()))
    below = [listener for listener in room.listeners.values() if middle in paths[listener.node_id]]
    beside = [each for each in room.listeners.values() if each not in below and each.node_id != middle]
    assert below
    assert beside
    await asyncio.to_thread(next(node for node in installation.nodes if node.name == middle).kill)
    killed_at = time.monotonic()
    del room.listeners[middle]
    await asyncio.gather(*(listener.hears_and_sees() for listener in below))
    log.info("media again after %.0f ms for %d nodes", 1_000 * (time.monotonic() - killed_at), len(below))
    gaps = [1_000 * listener.longest_gap for listener in below]
    log.info(
        "longest gap below the dead node %.0f ms, beside it %.0f ms",
        max(gaps),
        max(1_000 * listener.longest_gap for listener in beside),
    )
    for listener in [*below, *beside]:
        assert listener.caller.events("consumerClosed") == [], "nobody notices more than the gap"
        assert listener.caller.events("producerClosed") == []
        assert listener.caller.events("consumerPaused", reason="link") == []
