"""A node process that is stopped while it has peers that can move before it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from hubbub_bus import Bus, lease_bucket
from hubbub_contracts import Done, ids, subjects
from hubbub_contracts.bus.node import DescribePeer, DrainNode, NodeHeartbeat
from hubbub_contracts.bus.records import Leaving, Placement
from hubbub_contracts.bus.room import RoomRevisions
from support.nats_servers import NatsServer
from support.node_rig import Peer, Rooms, until

ELSEWHERE = Placement(node_id="elsewhere", epoch=1)


@dataclass
class Draining:
    """The process, its only peer, and the heartbeats that it has sent."""

    bus: Bus
    rooms: Rooms
    process: Process
    peer: Peer
    heartbeats: list[NodeHeartbeat]
    registry: asyncio.Task[None]
    """Lets the node hear a replica of the registry."""

    async def record(
        self, leaving: Placement | None = None, home: Placement | None = None, *, able: bool = True
    ) -> None:
        """Stores the peer's record."""
        record = self.peer.record(placement=home)
        left = None if leaving is None else Leaving(placement=leaving, deadline=0)
        await self.rooms.put(record.model_copy(update={"make_before_break": able, "leaving": left}))

    async def until_draining(self) -> NodeHeartbeat:
        """Waits for a heartbeat that says so."""
        await until(lambda: self.heartbeats[-1].draining)
        return self.heartbeats[-1]

    async def is_leased(self) -> bool:
        """Whether the node still holds its lease."""
        stored = await lease_bucket(self.bus).get(subjects.node_lease(self.peer.placement.node_id))
        return stored is not None and stored.value is not None

    async def exits(self) -> int:
        """The exit status."""
        return await asyncio.wait_for(self.process.wait(), 40)


async def _publish_revisions(bus: Bus) -> None:
    while True:
        await bus.publish(subjects.REVISIONS, RoomRevisions(revisions={}, store="", sequence=0))
        await asyncio.sleep(0.2)


@pytest.fixture
async def node_with_peer(bus: Bus, rooms: Rooms, nats_server: NatsServer) -> AsyncIterator[Draining]:
    node_id, heartbeats = ids.mint(), list[NodeHeartbeat]()
    await bus.subscribe(subjects.heartbeat(node_id), NodeHeartbeat, heartbeats.append)
    await bus.flush()
    environment = {"NATS_URL": nats_server.url, "NODE_ID": node_id, "RTC_MIN_PORT": "0", "WORKERS": "1"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "hubbub_media_node", env=environment)
    await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
    placement = Placement(node_id=node_id, epoch=heartbeats[-1].epoch)
    peer = Peer(bus, placement, ids.room_id(ids.mint()))
    registry = asyncio.create_task(_publish_revisions(bus))
    draining = Draining(bus, rooms, process, peer, heartbeats, registry)
    await draining.record()
    await peer.create_transport("send")
    yield draining
    registry.cancel()
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("drained", [False, True], ids=["SIGTERM", "drain"])
async def test_the_node_works_on_until_its_peers_have_left(node_with_peer: Draining, *, drained: bool) -> None:
    node = node_with_peer
    # Before it is stopped: a node waits for the first one to leave for a moment, in which this process may stand still.
    await node.record(leaving=node.peer.placement, home=ELSEWHERE)
    asked_at = time.time() * 1000
    if drained:
        assert await node.peer.request(DrainNode()) == Done()
    else:
        node.process.send_signal(signal.SIGTERM)
    heartbeat = await node.until_draining()
    assert heartbeat.leased
    assert heartbeat.drain_deadline is not None
    assert 25_000 < heartbeat.drain_deadline - asked_at < 35_000
    sent = len(node.heartbeats)
    await until(lambda: len(node.heartbeats) > sent + 10)
    described = await node.peer.request(DescribePeer(room_id=node.peer.room_id, peer_id=node.peer.peer_id))
    assert len(described.transports) == 1
    await node.peer.create_transport("recv")
    assert await node.is_leased()
    await node.record(home=ELSEWHERE)
    assert await node.exits() == 0
    assert not await node.is_leased()


async def test_a_node_that_nobody_leaves_ends_soon(node_with_peer: Draining) -> None:
    node_with_peer.process.send_signal(signal.SIGTERM)
    await node_with_peer.until_draining()
    assert await node_with_peer.exits() == 0


async def test_without_a_registry_the_drain_ends(node_with_peer: Draining) -> None:
    node = node_with_peer
    await node.record(leaving=node.peer.placement, home=ELSEWHERE)
    node.process.send_signal(signal.SIGTERM)
    await node.until_draining()
    node.registry.cancel()
    assert await node.exits() == 0


async def test_a_second_sigterm_ends_the_drain(node_with_peer: Draining) -> None:
    node = node_with_peer
    await node.record(leaving=node.peer.placement, home=ELSEWHERE)
    node.process.send_signal(signal.SIGTERM)
    await node.until_draining()
    sent = len(node.heartbeats)
    await until(lambda: len(node.heartbeats) > sent + 10)
    node.process.send_signal(signal.SIGTERM)
    assert await node.exits() == 0
    assert not await node.is_leased()


async def test_sigint_skips_the_drain(node_with_peer: Draining) -> None:
    node = node_with_peer
    await node.record(leaving=node.peer.placement, home=ELSEWHERE)
    node.process.send_signal(signal.SIGINT)
    assert await node.exits() == 0
    assert all(each.drain_deadline is None for each in node.heartbeats)
