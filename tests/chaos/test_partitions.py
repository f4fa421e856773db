"""A service loses its connection to NATS in one or both directions for a while. Then all agree on the room again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hubbub_contracts.bus.room import RoomSnapshot
from support.bus_client import BusClient, bus_client
from support.caller import Caller
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import Pair, connected_pair
from support.proxied_bus import connect_through
from support.rebuild_media import rebuild_alice, rebuild_bob, wait_moved
from support.service_process import ServiceProcess
from support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
PARTITION = 12.0
"""Seconds. Leases expire after 10."""
RECONNECT_GRACE = 30.0
RECOVERY = 40.0
SNAPSHOTS = 20
"""Enough for each registry replica to answer some of them."""
TRANSPORTS = 4
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}
DIRECTIONS = {
    "both ways": {},
    "only its messages are lost": {"to_client": False},
    "it receives nothing": {"to_target": False},
}


async def restart_behind(proxy: TcpProxy, process: ServiceProcess, installation: Installation) -> None:
    """Restarts the process with the proxy as its NATS server."""
    connect_through(proxy, process, installation)
    await asyncio.to_thread(process.stop)
    process.start()
    await asyncio.to_thread(installation.wait_ready)


async def move_media(pair: Pair) -> None:
    """Creates the media again on the node to which the registry has moved the call."""
    producers = set(pair.producers.values())
    for caller in (pair.alice, pair.bob):
        await wait_moved(caller)
    await rebuild_alice(pair)
    await rebuild_bob(pair, before=producers)


async def the_only_room(client: BusClient, pair: Pair) -> RoomSnapshot:
    """The room, which is the same in every replica. Raises AssertionError."""
    snapshots = [await client.room(pair.call_id) for _ in range(SNAPSHOTS)]
    assert [snapshot for snapshot in snapshots if snapshot != snapshots[0]] == []
    return snapshots[0]


@pytest.mark.parametrize(
    "direction",
    [name if not blocked else pytest.param(name, marks=pytest.mark.long) for name, blocked in DIRECTIONS.items()],
)
@pytest.mark.parametrize("service", ["registry", "node", "signaling"])
async def test_all_agree_on_the_room_after_a_partition(
    tmp_path: Path, call_id: str, service: str, direction: str
) -> None:
    installation = Installation(tmp_path, registries=2, nodes=2, signalings=2, reconnect_grace=RECONNECT_GRACE)
    async with TcpProxy(installation.nats.port) as proxy:
        try:
            await asyncio.to_thread(installation.start)
            first, second = installation.urls
            victim = {
                "registry": installation.registries,
                "node": installation.nodes,
                "signaling": installation.signaling,
            }
            await restart_behind(proxy, victim[service][0], installation)
            if service == "node":  # the call is placed on the one that is cut off
                await asyncio.to_thread(installation.nodes[1].stop)
                await asyncio.to_thread(installation.wait_ready)
            async with connected_pair(first, call_id, second) as pair, bus_client(installation) as client:
                if service == "node":
                    installation.nodes[1].start()
                    await asyncio.to_thread(installation.wait_ready)
                proxy.block(**DIRECTIONS[direction])
                partition = asyncio.create_task(asyncio.sleep(PARTITION))
                if service == "node":
                    await move_media(pair)
                await partition
                proxy.unblock()
                await asyncio.to_thread(installation.wait_ready)

                for signaling in range(2):
                    await wait_for_counts(installation, within=RECOVERY, signaling=signaling, **FULL)
                await pair.wait_media()
                room = await the_only_room(client, pair)
                assert [peer.user_id for peer in room.peers] == ["alice", "bob"]
                assert {peer.placement for peer in room.peers} == {room.room.placement}
                for caller in (pair.alice, pair.bob):
                    assert not caller.is_closed
                    assert caller.events("peerLeft") == []
                    assert len(caller.events("peerMoved")) == (service == "node")
                late = await pair.alice.publish("audio")
                await pair.bob.event("newProducer", producerId=late)
                for url in installation.urls:
                    async with Caller(url) as carol:
                        joined = await carol.join(call_id)
                        assert {peer["userId"] for peer in joined["peers"]} >= {"alice", "bob"}
            # A departure that its instance could not report is one after the grace period, which begins again when a
            # replica of the registry stood still.
            await wait_for_counts(installation, within=2 * RECONNECT_GRACE + RECOVERY)
        finally:
            await asyncio.to_thread(installation.stop)


async def test_requests_that_arrive_late_at_the_node_leave_nothing_there(tmp_path: Path, call_id: str) -> None:
    """The client may create as many transports afterwards as if it had never asked."""
    installation = Installation(tmp_path, environment={"MAX_TRANSPORTS_PER_PEER": str(TRANSPORTS)})
    async with TcpProxy(installation.nats.port) as proxy:
        try:
            await asyncio.to_thread(installation.start)
            await restart_behind(proxy, installation.signaling[0], installation)
            async with Caller(installation.url) as alice:
                await alice.join(call_id)
                proxy.block(to_client=False)
                lost = [await alice.start_request("createTransport", {"direction": "send"}) for _ in range(2)]
                assert {each["error"]["code"] for each in await asyncio.gather(*lost)} == {"deadline_exceeded"}
                proxy.unblock()
                await asyncio.to_thread(installation.wait_ready)
                transports: set[str] = set()
                async with asyncio.timeout(RECOVERY):
                    while len(transports) < TRANSPORTS:
                        answer = await (await alice.start_request("createTransport", {"direction": "send"}))
                        transports.update([answer["id"]] if "id" in answer else [])
                await wait_for_counts(installation, rooms=1, peers=1, transports=TRANSPORTS)
        finally:
            await asyncio.to_thread(installation.stop)
