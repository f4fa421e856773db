"""A media node on a real NATS server, with a registry and peers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hubbub_bus import Bucket, Bus, KeyValue, lease_bucket
from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.room import GetRoom
from hubbub_media_node.bootstrap import start
from hubbub_media_node.settings import Settings
from hubbub_service import Lifecycle
from support.nats_servers import NatsServer
from support.node_rig import Peer, Rooms, RunningNode, until


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """The bus connection of signaling and registry, which owns the bucket of leases."""
    connected = await Bus.connect(nats_server.url, name="test", timeout=20)
    await lease_bucket(connected).ensure()
    yield connected
    await connected.close()


@pytest.fixture
async def rooms(bus: Bus) -> AsyncIterator[Rooms]:
    """A registry: the rooms bucket, and an endpoint that answers snapshot requests."""
    bucket = Bucket(subjects.ROOMS_BUCKET, subjects.ROOMS_REPUBLISH_SOURCE, subjects.ROOMS_REPUBLISH_DESTINATION)
    store = KeyValue(bus, bucket)
    await store.ensure()
    rooms = Rooms(store)
    endpoint = await bus.serve(subjects.registry(GetRoom.verb), GetRoom, rooms.answer, queue=subjects.REGISTRY_QUEUE)
    await bus.flush()
    rooms.endpoint = endpoint
    yield rooms
    await endpoint.stop()


@pytest.fixture
def settings(nats_server: NatsServer) -> Settings:
    """A node with two workers on loopback."""
    return Settings(
        nats_url=nats_server.url,
        node_id=ids.mint(),
        rtc_min_port=0,
        plain_min_port=0,
        rtc_listen_ip="127.0.0.1",
        workers=2,
    )


@pytest.fixture
async def make_node(bus: Bus, settings: Settings) -> AsyncIterator[Callable[..., Any]]:
    """Starts nodes that accept work. Arguments are changed settings."""
    nodes: list[RunningNode] = []

    async def make(**changed: Any) -> RunningNode:
        own = settings.model_copy(update=changed)
        heartbeats: list[NodeHeartbeat] = []
        await bus.subscribe(subjects.heartbeat(own.node_id), NodeHeartbeat, heartbeats.append)
        await bus.flush()
        lifecycle = Lifecycle()
        node = RunningNode(own.node_id, lifecycle, heartbeats)
        nodes.append(node)
        await start(own, lifecycle)
        await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
        return node

    yield make
    for node in nodes:
        await node.lifecycle.close()


@pytest.fixture
async def node(make_node: Callable[..., Any]) -> RunningNode:
    """A running node that accepts work."""
    started: RunningNode = await make_node()
    return started


@pytest.fixture
async def make_peer(bus: Bus, node: RunningNode) -> AsyncIterator[Callable[..., Any]]:
    """Creates peers, each in its own room unless `room_id` is given. Closes their transports at the end."""
    peers: list[Peer] = []

    async def make(room_id: str | None = None) -> Peer:
        peer = Peer(bus, node.placement, room_id or ids.room_id(ids.mint()))
        await peer.listen()
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        for link in peer.links.values():
            await link.close_silently()
