"""A node dies, and the standbys of its peers host them, with real nodes and media."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from hubbub_bus import Bus
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus import media
from hubbub_contracts.bus.moderation_records import Moderation, MutedSource
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.producer import CloseProducer, ResumeProducer
from hubbub_contracts.bus.records import PeerRecord, RoomRecord, Standby
from hubbub_contracts.types import TrackSource
from support.node_rig import Peer, Rooms, RunningNode, until
from support.rtp_transport import RtpTransport
from support.track_scene import Receiver, Scene, Sender

MakeNode = Callable[..., Awaitable[RunningNode]]


@dataclass
class Copy:
    """What a peer that sends has on its standby."""

    peer: Peer
    up: RtpTransport


@dataclass
class StandbyScene(Scene):
    """A peer of the first node sends a track, which is received on all of them."""

    def sender_record(self, home: int, standby: int | None = None, *copies: str) -> PeerRecord:
        """The sender is on a node, with its producer, and may have a standby."""
        record = self.record(self.placements[home], home=home)
        return record.model_copy(update={"standby": self._standby(standby, *copies)})

    def _standby(self, node: int | None, *copies: str) -> Standby | None:
        return None if node is None else Standby(placement=self.placements[node], producers=list(copies))

    async def stand_by(self, node: int, home: int = 0) -> Copy:
        """The sender, which is on the node `home`, makes a copy of its producer on another one."""
        await self.rooms.put(self.sender_record(home, node))
        peer = await self.peer(node, self.peers[0].peer_id)
        up = await self.produce(peer)
        await self.rooms.put(self.sender_record(home, node, self.producer_id))
        return Copy(peer, up)

    async def hold(self, receiver: Receiver, node: int) -> Receiver:
        """A receiver consumes the track on its standby as well, where it is not paused."""
        await self.rooms.put(receiver.peer.record().model_copy(update={"standby": self._standby(node)}))
        peer = await self.peer(node, receiver.peer.peer_id)
        held = await self.consume_paused(peer, await peer.open_transport("recv"))
        await held.resume()
        return held

    async def die(self, node: int) -> None:
        """A node ends, and whoever was there gets nothing more."""
        for sender in self.senders:
            if sender.peer.placement == self.placements[node]:
                await sender.source.stop()
        await self.nodes[node].lifecycle.close()

    async def promote(self, copy: Copy, node: int) -> Sender:
        """The sender is on its standby from now on, and its client hears of it after the nodes."""
        await self.rooms.put(self.sender_record(node))
        return self.send_over(copy.peer, copy.up)

    async def mute(self, *muted: MutedSource) -> None:
        """What a moderator has decided."""
        rules = Moderation(muted=list(muted))
        settings = RoomRecord(room_id=self.room_id, call_id="call", codec_profile="v1", created_at=0, moderation=rules)
        key = subjects.settings_key(self.room_id)
        stored = await self.rooms.store.get(key)
        await self.rooms.store.update(key, settings, last=0 if stored is None else stored.revision)

    async def is_paused(self, peer: Peer) -> bool:
        """Whether the producer of a peer is paused on its node."""
        described = await peer.request(DescribePeer(room_id=self.room_id, peer_id=peer.peer_id))
        (found,) = described.producers
        return found.paused

    def told_elsewhere(self, *nodes: int) -> list[media.ClosureEvent]:
        """The closures of which anybody was told by nodes other than these."""
        dead = [f"node-{node}" for node in nodes]
        return [event for peer in self.peers if peer.placement.node_id not in dead for event in peer.events]


@pytest.fixture(params=["video", "audio"])
async def scene(
    bus: Bus, rooms: Rooms, make_node: MakeNode, request: pytest.FixtureRequest
) -> AsyncIterator[StandbyScene]:
    nodes = [await make_node(node_id=f"node-{number}", room_peers_per_worker=1) for number in range(3)]
    scene = StandbyScene(bus, rooms, nodes, request.param)
    await scene.start()
    yield scene
    await scene.close()


async def test_everybody_goes_on_when_the_node_of_the_sender_dies(scene: StandbyScene) -> None:
    copy = await scene.stand_by(1)
    await scene.everybody_receives()
    await scene.die(0)
    await scene.promote(copy, 1)
    await scene.everybody_receives(0)
    assert scene.told_elsewhere(0) == []


async def test_a_held_consumer_starts_by_the_record_alone(scene: StandbyScene) -> None:
    receiver = scene.receivers[-1]
    held = await scene.hold(receiver, 1)
    await scene.everybody_receives()
    assert held.down.streams[held.ssrc].packets == 0
    await scene.die(2)
    await scene.rooms.put(receiver.peer.record(placement=scene.placements[1]))
    await held.receives()
    await scene.everybody_receives(2)
    assert scene.told_elsewhere(2) == []


async def test_the_node_of_the_sender_and_a_receiver_dies(scene: StandbyScene) -> None:
    receiver = scene.receivers[0]
    copy = await scene.stand_by(1)
    held = await scene.hold(receiver, 1)
    await scene.die(0)
    await scene.rooms.put(receiver.peer.record(placement=scene.placements[1]))
    await scene.promote(copy, 1)
    await held.receives()
    await scene.everybody_receives(0)
    assert scene.told_elsewhere(0) == []


async def test_a_node_that_has_only_standbys_of_a_room(scene: StandbyScene) -> None:
    leaves = scene.receivers.pop(1)
    await leaves.peer.links[leaves.down.id].close_silently()
    del leaves.peer.links[leaves.down.id]
    await scene.rooms.purge(leaves.peer.record())
    receiver = scene.receivers[-1]
    held = await scene.hold(receiver, 1)
    await scene.everybody_receives()
    assert held.down.streams[held.ssrc].packets == 0
    await scene.rooms.put(receiver.peer.record(placement=scene.placements[1]))
    await held.receives()


async def test_two_promotions_in_a_row(scene: StandbyScene) -> None:
    first = await scene.stand_by(1)
    await scene.die(0)
    await scene.promote(first, 1)
    second = await scene.stand_by(2, home=1)
    await scene.everybody_receives(0)
    await scene.die(1)
    await scene.promote(second, 2)
    await scene.everybody_receives(0, 1)
    assert scene.told_elsewhere(0, 1) == []


async def test_a_copy_that_the_client_closes(scene: StandbyScene) -> None:
    copy = await scene.stand_by(1)
    close = CloseProducer(room_id=scene.room_id, peer_id=copy.peer.peer_id, producer_id=scene.producer_id)
    await copy.peer.request(close)
    await scene.everybody_receives()
    assert scene.told() == []
    await scene.die(0)
    await scene.rooms.put(scene.record(home=1))
    left = [each for each in scene.receivers if each.peer.placement.node_id != "node-0"]
    await until(lambda: all(each.peer.events for each in left))
    for each in left:
        assert each.peer.events == [
            media.ConsumerClosed(consumer_id=each.consumer_id, producer_id=scene.producer_id, reason="producer_closed")
        ]


async def test_a_moderator_mutes_a_copy(scene: StandbyScene) -> None:
    copy = await scene.stand_by(1)
    sources: dict[str, TrackSource] = {"video": "camera", "audio": "microphone"}
    await scene.mute(MutedSource(user_id="user", source=sources[scene.kind]))
    while not await scene.is_paused(copy.peer):
        await asyncio.sleep(0.02)
    await scene.die(0)
    await scene.promote(copy, 1)
    assert await scene.is_paused(copy.peer)
    await scene.mute()
    resume = ResumeProducer(room_id=scene.room_id, peer_id=copy.peer.peer_id, producer_id=scene.producer_id)
    while await scene.is_paused(copy.peer):  # the node hears of the decision a little later
        with contextlib.suppress(HubbubError):
            await copy.peer.request(resume)
    await scene.everybody_receives(0)
    assert scene.told_elsewhere(0) == []


async def test_the_record_loses_the_standby(scene: StandbyScene) -> None:
    receiver = scene.receivers[-1]
    copy = await scene.stand_by(1)
    held = await scene.hold(receiver, 1)
    gone = Sender(copy.peer, copy.up, scene.senders[0].source)
    await scene.rooms.put(scene.sender_record(0))
    await scene.rooms.put(receiver.peer.record())
    await gone.until_gone(transport_id=copy.up.id)
    await Sender(held.peer, held.down, gone.source).until_gone(transport_id=held.down.id)
    await scene.everybody_receives()
    assert scene.told() == []
