"""Peers and producers that leave their room, or that the registry never confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus import media
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_media_node.settings import Settings
from support.node_rig import Peer, Rooms, fixture, until

MakePeer = Callable[..., Awaitable[Peer]]
RECORDED = fixture("chromium-156/produce-audio-opus.json")
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")
CONFIRMATION = 4.0
"""Seconds; longer than a busy machine takes to confirm what was created."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A short confirmation timeout."""
    return settings.model_copy(update={"confirmation_timeout": CONFIRMATION})


async def exists(peer: Peer) -> bool:
    """Whether the node has a transport of this peer."""
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    return bool(described.transports)


async def until_closed(peer: Peer) -> None:
    """Waits until the node has no transport of this peer."""
    while await exists(peer):
        await asyncio.sleep(0.02)


async def start_call(make_peer: MakePeer, rooms: Rooms) -> tuple[Peer, Peer, str, str]:
    """A sender and a receiver that the registry has confirmed, and the ids of a producer and its consumer."""
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    await rooms.put(sender.record())
    await rooms.put(receiver.record())
    (up, _), (down, _) = await sender.create_transport("send"), await receiver.create_transport("recv")
    producer_id = await sender.produce(up, RECORDED)
    await rooms.put(sender.record(producer_id))
    consumer_id, _ = await receiver.consume(down, producer_id, CAPABILITIES)
    return sender, receiver, producer_id, consumer_id


async def test_a_removed_peer_is_closed_and_its_consumers_peers_are_notified(make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, producer_id, consumer_id = await start_call(make_peer, rooms)
    await rooms.purge(sender.record())
    await until_closed(sender)
    await until(lambda: bool(receiver.events))
    assert receiver.events == [
        media.ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason="producer_closed")
    ]
    assert sender.events == []
    assert await exists(receiver)


async def test_a_peer_placed_on_another_node_is_closed(make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, producer_id, _ = await start_call(make_peer, rooms)
    await rooms.put(sender.record(producer_id, placement=Placement(node_id="elsewhere", epoch=1)))
    await until_closed(sender)
    assert await exists(receiver)


async def test_an_unconfirmed_peer_is_closed_after_the_timeout(make_peer: MakePeer, rooms: Rooms) -> None:
    known, unknown = await make_peer(), await make_peer()
    await rooms.put(known.record())
    await known.create_transport("send")
    transport_id, _ = await unknown.create_transport("send")
    await until_closed(unknown)
    await until(lambda: bool(unknown.events))
    assert unknown.events == [media.TransportClosed(transport_id=transport_id, reason="unconfirmed")]
    await asyncio.sleep(CONFIRMATION)
    assert await exists(known)


async def test_an_unconfirmed_producer_is_closed_after_the_timeout(make_peer: MakePeer, rooms: Rooms) -> None:
    peer = await make_peer()
    await rooms.put(peer.record())
    up, _ = await peer.create_transport("send")
    producer_id = await peer.produce(up, RECORDED)
    await until(lambda: bool(peer.events))
    assert peer.events == [media.ProducerClosed(producer_id=producer_id, reason="unconfirmed", transport_id=up)]
    assert await exists(peer)


async def test_nothing_expires_without_a_registry(make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    await asyncio.sleep(2 * CONFIRMATION)
    assert await exists(peer)


async def test_a_missed_change_leads_to_a_new_snapshot(bus: Bus, make_peer: MakePeer, rooms: Rooms) -> None:
    sender, receiver, _, _ = await start_call(make_peer, rooms)
    await until(lambda: rooms.requests >= 1)
    requests = rooms.requests
    del rooms.records[sender.peer_id]
    ahead = RoomRevisions(revisions={sender.room_id: await rooms.store.last_sequence() + 5})
    for _ in range(2):
        await bus.publish(subjects.REVISIONS, ahead)
    await until(lambda: rooms.requests > requests)
    await until_closed(sender)
    assert await exists(receiver)
