"""Three real media nodes with media: a peer sends a track, which is received on all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import ResumeConsumer
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, ProducerRecord
from hubbub_contracts.bus.rtc_stats import ReadObjectStats

from .node_rig import Peer, Rooms, RunningNode, fixture
from .recording import AUDIO, VIDEO, Source, Track
from .rtp_transport import RtpTransport

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
        first = await self.peer(0)
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

    async def peer(self, node: int, peer_id: str | None = None) -> Peer:
        peer = Peer(self.bus, self.placements[node], self.room_id, peer_id or ids.mint())
        await peer.listen()
        self.peers.append(peer)
        return peer

    async def send(self, peer: Peer) -> Sender:
        """The peer's client sends the track over a new transport."""
        up = await self.produce(peer)
        return self.send_over(peer, up)

    async def produce(self, peer: Peer) -> RtpTransport:
        """The peer has a producer of the track, over which nothing is sent yet."""
        up = await peer.open_transport("send")
        await peer.produce(up.id, RECORDED[self.kind][1], self.producer_id)
        return up

    def send_over(self, peer: Peer, up: RtpTransport) -> Sender:
        """The peer's client sends the track over a transport that has its producer."""
        track, recorded = RECORDED[self.kind]
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
        peer = await self.peer(node)
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
        return await self.send(await self.peer(node, self.peers[0].peer_id))

    async def close(self) -> None:
        for sender in self.senders:
            await sender.source.stop()
        for peer in self.peers:
            for link in peer.links.values():
                await link.close_silently()

    def told(self) -> list[media.ClosureEvent]:
        """The closures of which anybody was told."""
        return [event for peer in self.peers for event in peer.events]
