"""What a node keeps and what it gives up: purges, moves, patience, gaps, leases, and a bus that is gone."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hubbub_bus import Bus, fence, lease_bucket
from hubbub_contracts import ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ResumeConsumer
from hubbub_contracts.bus.node import DescribePeer, NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_media_node.bootstrap import start
from hubbub_media_node.settings import Settings
from hubbub_service import Lifecycle
from support import nats_servers
from support.nats_servers import NatsServer
from support.node_rig import Peer, Rooms, RunningNode, fixture, until
from support.recording import AUDIO, Source

MakePeer = Callable[..., Awaitable[Peer]]
RECORDED = fixture("chromium-156/produce-audio-opus.json")
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")


async def holds(peer: Peer) -> bool:
    """The node has something of this peer."""
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    return bool(described.transports)


async def until_gone(peer: Peer) -> None:
    """Waits until the node has nothing of this peer."""
    while await holds(peer):
        await asyncio.sleep(0.02)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Less patience than usual."""
    return settings.model_copy(update={"confirmation_timeout": 1.0, "handshake_timeout": 0.5, "consent_timeout": 2.0})


async def a_call(make_peer: MakePeer, rooms: Rooms) -> tuple[Peer, Peer, str, str]:
    """A sender and a receiver whom the registry knows, a producer and its consumer."""
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    await rooms.put(sender.record())
    await rooms.put(receiver.record())
    (up, _), (down, _) = await sender.create_transport("send"), await receiver.create_transport("recv")
    producer_id = await sender.produce(up, RECORDED)
    await rooms.put(sender.record(producer_id))
    consumer_id, _ = await receiver.consume(down, producer_id, CAPABILITIES)
    return sender, receiver, producer_id, consumer_id


async def test_a_purged_peer_is_closed_and_its_consumers_peers_are_told(make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, producer_id, consumer_id = await a_call(make_peer, rooms)
    await rooms.purge(sender.record())
    await until_gone(sender)
    await until(lambda: bool(receiver.events))
    assert receiver.events == [
        media.ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason="producer_closed")
    ]
    assert sender.events == []
    assert await holds(receiver)


async def test_a_peer_that_is_placed_elsewhere_is_closed(make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, producer_id, _ = await a_call(make_peer, rooms)
    await rooms.put(sender.record(producer_id, placement=Placement(node_id="elsewhere", epoch=1)))
    await until_gone(sender)
    assert await holds(receiver)


async def test_a_peer_that_the_room_does_not_know_is_closed_after_the_patience(
    make_peer: MakePeer, rooms: Rooms
) -> None:
    known, unknown = await make_peer(), await make_peer()
    await rooms.put(known.record())
    await known.create_transport("send")
    transport_id, _ = await unknown.create_transport("send")
    await until_gone(unknown)
    await until(lambda: bool(unknown.events))
    assert unknown.events == [media.TransportClosed(transport_id=transport_id, reason="unconfirmed")]
    await asyncio.sleep(1.0)
    assert await holds(known)


async def test_a_producer_that_the_room_does_not_know_is_closed_after_the_patience(
    make_peer: MakePeer, rooms: Rooms
) -> None:
    peer = await make_peer()
    await rooms.put(peer.record())
    up, _ = await peer.create_transport("send")
    producer_id = await peer.produce(up, RECORDED)
    await until(lambda: bool(peer.events))
    assert peer.events == [media.ProducerClosed(producer_id=producer_id, reason="unconfirmed")]
    assert await holds(peer)


async def test_without_a_registry_nothing_is_overdue(make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    await asyncio.sleep(2.0)
    assert await holds(peer)


async def test_a_revision_that_was_missed_leads_to_a_new_snapshot(bus: Bus, make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, _, _ = await a_call(make_peer, rooms)
    await until(lambda: rooms.requests >= 1)
    asked = rooms.requests
    del rooms.records[sender.peer_id]
    ahead = RoomRevisions(revisions={sender.room_id: await rooms.store.last_sequence() + 5})
    for _ in range(2):
        await bus.publish(subjects.REVISIONS, ahead)
    await until(lambda: rooms.requests > asked)
    await until_gone(sender)
    assert await holds(receiver)


async def test_a_handshake_that_does_not_come_ends_the_transport_and_its_peer_is_told(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    await peer.connect(link)
    await until(lambda: bool(peer.events))
    assert peer.events == [media.TransportClosed(transport_id=link.id, reason="handshake_timeout")]


async def test_a_wrong_certificate_ends_the_transport_and_its_peer_is_told(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    await peer.connect(link, fingerprints=[{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}])
    await link.open()
    await until(lambda: bool(peer.events))
    assert peer.events == [media.TransportClosed(transport_id=link.id, reason="dtls_failed")]


async def test_a_silent_client_is_closed_and_told_of_everything(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = await peer.open_transport("send")
    producer_id = await peer.produce(link.id, RECORDED)
    await link.close_silently()
    await until(lambda: len(peer.events) == 2)
    assert peer.events == [
        media.ProducerClosed(producer_id=producer_id, reason="transport_closed"),
        media.TransportClosed(transport_id=link.id, reason="ice_timeout"),
    ]


async def test_a_fenced_node_closes_everything_and_begins_a_new_life(
    bus: Bus, node: RunningNode, make_peer: MakePeer
) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    former = node.placement.epoch
    assert await fence(lease_bucket(bus), subjects.node_lease(node.node_id), former)
    await until(lambda: node.heartbeats[-1].epoch > former)
    with pytest.raises(HubbubError) as refused:
        await holds(peer)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    peer.placement = node.placement
    assert not await holds(peer)
    await peer.create_transport("send")


async def test_media_goes_on_without_the_bus() -> None:
    server = nats_servers.nats_server()
    lifecycle = Lifecycle()
    with server:
        bus = await Bus.connect(server.url, name="test", timeout=5)
        heartbeats: list[NodeHeartbeat] = []
        await bus.subscribe(subjects.ALL_HEARTBEATS, NodeHeartbeat, heartbeats.append)
        await start(
            Settings(
                nats_url=server.url,
                node_id="lonely",
                rtc_min_port=0,
                rtc_listen_ip="127.0.0.1",
                workers=1,
                confirmation_timeout=0.2,
            ),
            lifecycle,
        )
        await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
        placement = Placement(node_id="lonely", epoch=heartbeats[-1].epoch)
        room_id = ids.room_id("room")
        sender, receiver = Peer(bus, placement, room_id), Peer(bus, placement, room_id)
        up, down = await sender.open_transport("send"), await receiver.open_transport("recv")
        consumer_id, created = await receiver.consume(down.id, await sender.produce(up.id, RECORDED), CAPABILITIES)
        await receiver.request(ResumeConsumer(room_id=room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
        await bus.close()
    source = Source(up, AUDIO, RECORDED["rtpParameters"]["encodings"][0]["ssrc"])
    await down.wait_packets(created.rtp_parameters["encodings"][0]["ssrc"], packets=100)
    await source.stop()
    for link in (up, down):
        await link.close_silently()
    assert lifecycle.failure is None
    await lifecycle.close(5)


async def test_sigterm_gives_the_lease_back_and_ends_the_process(bus: Bus, nats_server: NatsServer) -> None:
    node_id = ids.mint()
    heartbeats: list[NodeHeartbeat] = []
    await bus.subscribe(subjects.heartbeat(node_id), NodeHeartbeat, heartbeats.append)
    await bus.flush()
    environment = {"NATS_URL": nats_server.url, "NODE_ID": node_id, "RTC_MIN_PORT": "0", "WORKERS": "1"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "hubbub_media_node", env=environment)
    await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    standing = await lease_bucket(bus).get(subjects.node_lease(node_id))
    assert standing is not None
    assert standing.value is None
    assert standing.reason == "released"


async def test_a_range_without_a_free_port_is_told_clearly(nats_server: NatsServer, udp_port: int) -> None:
    settings: dict[str, Any] = {"rtc_min_port": udp_port, "rtc_max_port": udp_port, "workers": 1}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", udp_port))
        with pytest.raises(Exception, match=f"RTC_MIN_PORT={udp_port}"):
            await start(Settings(nats_url=nats_server.url, **settings), Lifecycle())


async def test_a_taken_port_is_passed_over(nats_server: NatsServer, bus: Bus, udp_port: int) -> None:
    lifecycle = Lifecycle()
    node_id = ids.mint()
    heartbeats: list[NodeHeartbeat] = []
    await bus.subscribe(subjects.heartbeat(node_id), NodeHeartbeat, heartbeats.append)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", udp_port))
        settings = Settings(
            nats_url=nats_server.url,
            node_id=node_id,
            rtc_listen_ip="127.0.0.1",
            rtc_min_port=udp_port,
            rtc_max_port=udp_port + 3,
            workers=1,
        )
        await start(settings, lifecycle)
    await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
    peer = Peer(bus, Placement(node_id=node_id, epoch=heartbeats[-1].epoch), ids.room_id("room"))
    _, created = await peer.create_transport("send")
    assert created.ice_candidates[0].port == udp_port + 1
    await lifecycle.close()
