"""Start, fencing, bus outage and stop of a node."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hubbub_bus import Bus, fence, lease_bucket
from hubbub_contracts import Done, ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus.consumer import ResumeConsumer
from hubbub_contracts.bus.node import DescribePeer, DrainNode, NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_media_node.bootstrap import start
from hubbub_media_node.settings import Settings
from hubbub_service import Lifecycle
from support import nats_servers
from support.nats_servers import NatsServer
from support.node_rig import Peer, RunningNode, fixture, until
from support.recording import AUDIO, Source

MakePeer = Callable[..., Awaitable[Peer]]
RECORDED = fixture("chromium-156/produce-audio-opus.json")
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")


async def exists(peer: Peer) -> bool:
    """Whether the node has a transport of this peer."""
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    return bool(described.transports)


async def test_a_fenced_node_closes_everything_and_starts_a_new_incarnation(
    bus: Bus, node: RunningNode, make_peer: MakePeer
) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    first_epoch = node.placement.epoch
    assert await fence(lease_bucket(bus), subjects.node_lease(node.node_id), first_epoch)
    await until(lambda: node.heartbeats[-1].epoch > first_epoch)
    with pytest.raises(HubbubError) as error:
        await exists(peer)
    assert error.value.code is ErrorCode.UNAVAILABLE
    peer.placement = node.placement
    assert not await exists(peer)
    await peer.create_transport("send")


async def test_media_continues_during_a_bus_outage() -> None:
    server = nats_servers.nats_server()
    lifecycle = Lifecycle()
    with server:
        bus = await Bus.connect(server.url, name="test", timeout=20)
        await lease_bucket(bus).ensure()  # as a registry does
        heartbeats: list[NodeHeartbeat] = []
        await bus.subscribe(subjects.ALL_HEARTBEATS, NodeHeartbeat, heartbeats.append)
        await start(
            Settings(
                nats_url=server.url,
                node_id="node",
                rtc_min_port=0,
                rtc_listen_ip="127.0.0.1",
                workers=1,
                confirmation_timeout=0.2,
            ),
            lifecycle,
        )
        await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
        placement = Placement(node_id="node", epoch=heartbeats[-1].epoch)
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
    await lifecycle.close()


@pytest.mark.parametrize("drained", [False, True], ids=["SIGTERM", "drain"])
async def test_a_stop_releases_the_lease_and_exits_with_status_0(
    bus: Bus, nats_server: NatsServer, *, drained: bool
) -> None:
    node_id = ids.mint()
    heartbeats: list[NodeHeartbeat] = []
    await bus.subscribe(subjects.heartbeat(node_id), NodeHeartbeat, heartbeats.append)
    await bus.flush()
    environment = {"NATS_URL": nats_server.url, "NODE_ID": node_id, "RTC_MIN_PORT": "0", "WORKERS": "1"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "hubbub_media_node", env=environment)
    await until(lambda: bool(heartbeats) and heartbeats[-1].leased)
    if drained:
        drain = DrainNode()
        assert await bus.request(subjects.node(node_id, heartbeats[-1].epoch, drain.verb), drain, timeout=10) == Done()
    else:
        process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    stored = await lease_bucket(bus).get(subjects.node_lease(node_id))
    assert stored is not None
    assert stored.value is None
    assert stored.reason == "released"


async def test_a_range_without_a_free_port_names_the_setting(nats_server: NatsServer, udp_port: int) -> None:
    settings: dict[str, Any] = {"rtc_min_port": udp_port, "rtc_max_port": udp_port, "workers": 1}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", udp_port))
        with pytest.raises(Exception, match=f"RTC_MIN_PORT={udp_port}"):
            await start(Settings(nats_url=nats_server.url, **settings), Lifecycle())


async def test_a_port_in_use_is_skipped(nats_server: NatsServer, bus: Bus, udp_port: int) -> None:
    lifecycle = Lifecycle()
    node_id = ids.mint()
    heartbeats: list[NodeHeartbeat] = []
    await bus.subscribe(subjects.heartbeat(node_id), NodeHeartbeat, heartbeats.append)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", udp_port))
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
