"""A peer moves from one node to another, with real nodes and media: whoever receives its track goes on receiving it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ResumeConsumer
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, ProducerRecord
from hubbub_contracts.bus.rtc_stats import ReadObjectStats
from hubbub_contracts.bus.transport import CloseTransport
from support.node_rig import Peer, Rooms, RunningNode, fixture, until
from support.recording import AUDIO, VIDEO, Source, Track
from support.rtp_transport import RtpTransport

MakeNode = Callable[..., Awaitable[RunningNode]]
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")
RECORDED = {
    "video": (VIDEO, fixture("chromium-156/produce-video-vp8.json")),
    "audio": (AUDIO, fixture("chromium-156/produce-audio-opus.json")),
}


@dataclass
class Receiver:
    """A peer that receives the track."""

    peer: Peer
    down: RtpTransport
    ssrc: int
    consumer_id: str

    async def resume(self) -> None:
        """Its consumer is not paused any more."""
        request = ResumeConsumer(room_id=self.peer.room_id, peer_id=self.peer.peer_id, consumer_id=self.consumer_id)
        await self.peer.request(request)

    async def receives(self, packets: int = 20) -> None:
        """Waits for more packets."""
        await self.down.wait_packets(self.ssrc, packets)


@dataclass
class Sender:
    """The track of a peer on one node, sent as its client does."""

    peer: Peer
    up: RtpTransport
    source: Source

    async def has(self, **named: str) -> bool:
        """Whether the node has the named transport or producer of the peer."""
        request = ReadObjectStats(room_id=self.peer.room_id, peer_id=self.peer.peer_id, **named)
        try:
            await self.peer.request(request)
        except HubbubError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return False
            raise
        return True

    async def until_gone(self, **named: str) -> None:
        """Waits until the node has closed it."""
        while await self.has(**named):
            await asyncio.sleep(0.02)


@dataclass
class Scene:
    """Three nodes. A peer of the first one sends a track, which is received on all of them, on six workers."""

    bus: Bus
    rooms: Rooms
    nodes: list[RunningNode]
    kind: str
    room_id: str = field(default_factory=lambda: ids.room_id(ids.mint()))
    producer_id: str = field(default_factory=ids.mint)
    receivers: list[Receiver] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    @property
    def placements(self) -> list[Placement]:
        return [node.placement for node in self.nodes]

    async def start(self) -> None:
        """Everybody receives the track."""
        first = await self._peer(0)
        await self.rooms.put(self.record())
        await self.send(first)
        await self.rooms.put(self.record(self.placements[0]))
        for number in (0, 1, 2, 2):
            await self.receive(number)
        await self.everybody_receives()

    def record(self, producer_at: Placement | None = None, home: int = 0, leaves: int | None = None) -> PeerRecord:
        """The sender's record."""
        placement = None if producer_at == self.placements[home] else producer_at
        producer = ProducerRecord(
            producer_id=self.producer_id, kind=RECORDED[self.kind][1]["kind"], app_data={}, paused=False
        )
        record = self.peers[0].record(placement=self.placements[home])
        return record.model_copy(
            update={
                "make_before_break": True,
                "producers": [] if producer_at is None else [producer.model_copy(update={"placement": placement})],
                "leaving": None if leaves is None else Leaving(placement=self.placements[leaves], deadline=0),
            }
        )

    async def _peer(self, node: int, peer_id: str | None = None) -> Peer:
        peer = Peer(self.bus, self.placements[node], self.room_id, peer_id or ids.mint())
        await peer.listen()
        self.peers.append(peer)
        return peer

    async def send(self, peer: Peer) -> Sender:
        """The peer's client sends the track over a new transport."""
        track, recorded = RECORDED[self.kind]
        up = await peer.open_transport("send")
        await peer.produce(up.id, recorded, self.producer_id)
        sender = Sender(peer, up, self._source(up, track, recorded))
        self.senders.append(sender)
        return sender

    @staticmethod
    def _source(up: RtpTransport, track: Track, recorded: dict[str, Any]) -> Source:
        source = Source(up, track, recorded["rtpParameters"]["encodings"][0]["ssrc"])
        source.level = None if track.is_video else 20
        up.on_key_frame_request = lambda _ssrc: source.request_key_frame()
        return source

    async def receive(self, node: int) -> Receiver:
        """Another peer of a node receives the track."""
        peer = await self._peer(node)
        await self.rooms.put(peer.record())
        receiver = await self.consume_paused(peer, await peer.open_transport("recv"))
        await receiver.resume()
        self.receivers.append(receiver)
        return receiver

    async def consume_paused(self, peer: Peer, down: RtpTransport) -> Receiver:
        """A peer consumes the track."""
        request = peer.create_consumer_request(down.id, self.producer_id, CAPABILITIES)
        request = request.model_copy(update={"origin": self.placements[0]})
        created = await peer.ask_until_answered(request)
        return Receiver(peer, down, created.rtp_parameters["encodings"][0]["ssrc"], request.consumer_id)

    async def everybody_receives(self, *without: int) -> None:
        """All receivers get more packets; `without` those on these nodes."""
        left = [self.placements[number] for number in without]
        await asyncio.gather(*(each.receives() for each in self.receivers if each.peer.placement not in left))

    async def begin_to_move(self, node: int = 1, leaves: int = 0) -> Sender:
        """The client sends the track to another node as well."""
        await self.rooms.put(self.record(self.placements[leaves], home=node, leaves=leaves))
        return await self.send(await self._peer(node, self.peers[0].peer_id))

    async def close(self) -> None:
        for sender in self.senders:
            await sender.source.stop()
        for peer in self.peers:
            for link in peer.links.values():
                await link.close_silently()

    def told(self) -> list[media.ClosureEvent]:
        """The closures of which anybody was told."""
        return [event for peer in self.peers for event in peer.events]


@pytest.fixture(params=["video", "audio"])
async def scene(bus: Bus, rooms: Rooms, make_node: MakeNode, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    nodes = [await make_node(node_id=f"node-{number}", room_peers_per_worker=1) for number in range(3)]
    scene = Scene(bus, rooms, nodes, request.param)
    try:
        await scene.start()
        yield scene
    finally:
        await scene.close()


async def test_everybody_goes_on_receiving_and_nobody_is_told(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.everybody_receives()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await former.until_gone(producer_id=scene.producer_id)
    await former.source.stop()
    await scene.everybody_receives()
    await scene.rooms.put(scene.record(scene.placements[1], home=1))
    await scene.everybody_receives()
    assert scene.told() == []


async def test_the_former_transport_is_closed_when_everybody_has_switched(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    close = CloseTransport(room_id=scene.room_id, peer_id=former.peer.peer_id, transport_id=former.up.id)
    await former.peer.request(close)
    assert await former.has(transport_id=former.up.id)
    await former.until_gone(transport_id=former.up.id)
    await former.source.stop()
    await scene.everybody_receives()
    assert scene.told() == []


async def test_the_former_node_may_die_once_the_producer_has_moved(scene: Scene) -> None:
    [former] = scene.senders
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await former.source.stop()
    await scene.nodes[0].lifecycle.close()
    await scene.everybody_receives(0)
    await scene.rooms.put(scene.record(scene.placements[1], home=1))
    await scene.everybody_receives(0)
    assert [
        event for each in scene.receivers if each.peer.placement.node_id != "node-0" for event in each.peer.events
    ] == []


async def test_the_death_of_the_new_node_ends_the_producer_once(scene: Scene) -> None:
    await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await scene.nodes[1].lifecycle.close()
    await scene.rooms.put(scene.record(home=2))
    left = [each for each in scene.receivers if each.peer.placement.node_id != "node-1"]
    await until(lambda: all(each.peer.events for each in left))
    for each in left:
        assert each.peer.events == [
            media.ConsumerClosed(consumer_id=each.consumer_id, producer_id=scene.producer_id, reason="producer_closed")
        ]


async def test_two_moves_in_a_row(scene: Scene) -> None:
    [first] = scene.senders
    second = await scene.begin_to_move()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    third = await scene.begin_to_move(2, leaves=1)
    await scene.rooms.put(scene.record(scene.placements[2], home=2, leaves=1))
    for former in (first, second):
        await former.until_gone(producer_id=scene.producer_id)
        await former.source.stop()
    await scene.everybody_receives()
    assert await third.has(producer_id=scene.producer_id)
    assert scene.told() == []


@pytest.mark.parametrize("scene", ["video"], indirect=True)
async def test_the_next_move_begins_when_some_consumers_have_switched_and_others_wait(scene: Scene) -> None:
    [first] = scene.senders
    paused = [await scene.consume_paused(each.peer, each.down) for each in scene.receivers]
    second = await scene.begin_to_move()
    await second.source.stop()
    asked = asyncio.Event()
    second.up.on_key_frame_request = lambda _ssrc: asked.set()
    await scene.rooms.put(scene.record(scene.placements[1], home=1, leaves=0))
    await asyncio.wait_for(asked.wait(), 20)  # a core has moved the paused one and keeps the other
    await scene.begin_to_move(2, leaves=1)
    await scene.rooms.put(scene.record(scene.placements[2], home=2, leaves=1))
    for former in (first, second):
        await former.until_gone(producer_id=scene.producer_id)
    await first.source.stop()
    await scene.everybody_receives()
    for each in paused:
        await each.resume()
        await each.receives()
    assert scene.told() == []
