"""What a signaling session and a registry do around a media node, for tests of one node by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from hubbub_bus import Bus, Endpoint, KeyValue
from hubbub_contracts import Model, Request, ids, subjects
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.media import MEDIA_EVENT, ConsumerClosed, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot
from hubbub_contracts.bus.transport import ConnectTransport, CreateTransport, DtlsParameters, TransportCreated
from hubbub_contracts.types import Direction
from hubbub_service import Lifecycle

from .rtp_transport import RtpTransport

FIXTURES = Path(__file__).parents[1] / "fixtures"
ReplyT = TypeVar("ReplyT", bound=Model)


def fixture(name: str) -> dict[str, Any]:
    """A recorded message of a client."""
    return cast("dict[str, Any]", json.loads((FIXTURES / name).read_text()))


async def until(holds: Callable[[], bool]) -> None:
    """Waits until `holds` does; the test's own timeout ends a wait in vain."""
    while not holds():
        await asyncio.sleep(0.01)


@dataclass
class Peer:
    """A peer of one room, as its signaling session commands it."""

    bus: Bus
    placement: Placement
    room_id: str
    peer_id: str = field(default_factory=ids.mint)
    notices: list[TransportClosed | ProducerClosed | ConsumerClosed] = field(default_factory=list)
    links: dict[str, RtpTransport] = field(default_factory=dict)

    async def ask(self, message: Request[ReplyT]) -> ReplyT:
        """Commands this life of the node."""
        return await self.bus.request(
            subjects.node(self.placement.node_id, self.placement.epoch, message.verb), message
        )

    async def listen(self) -> None:
        """Collects what the node tells this peer."""
        await self.bus.subscribe(subjects.media(self.room_id, self.peer_id), MEDIA_EVENT, self.notices.append)
        await self.bus.flush()

    def creation(self, direction: Direction, transport_id: str | None = None) -> CreateTransport:
        """A request for a transport."""
        return CreateTransport(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id or ids.mint(),
            direction=direction,
            codec_profile="v1",
        )

    async def make_transport(self, direction: Direction) -> tuple[str, TransportCreated]:
        """A transport that is not connected."""
        request = self.creation(direction)
        return request.transport_id, await self.ask(request)

    def client(self, transport_id: str, created: TransportCreated, role: str = "client") -> RtpTransport:
        """The client's side of it."""
        link = RtpTransport({"id": transport_id, **created.wire()}, role)
        self.links[transport_id] = link
        return link

    async def connect(self, link: RtpTransport, **changed: Any) -> None:
        """Hands the client's DTLS parameters over."""
        parameters = DtlsParameters.model_validate({**link.dtls_parameters, **changed})
        await self.ask(
            ConnectTransport(
                room_id=self.room_id, peer_id=self.peer_id, transport_id=link.id, dtls_parameters=parameters
            )
        )

    async def open_transport(self, direction: Direction, role: str = "client") -> RtpTransport:
        """A transport with ICE and DTLS done."""
        link = self.client(*await self.make_transport(direction), role)
        await self.connect(link)
        await link.open()
        return link

    async def produce(self, transport_id: str, recorded: dict[str, Any], producer_id: str | None = None) -> str:
        """A producer with the parameters that a client once sent."""
        producer_id = producer_id or ids.mint()
        await self.ask(
            CreateProducer(
                room_id=self.room_id,
                peer_id=self.peer_id,
                transport_id=transport_id,
                producer_id=producer_id,
                kind=recorded["kind"],
                rtp_parameters=recorded["rtpParameters"],
                paused=False,
            )
        )
        return producer_id

    def consumption(self, transport_id: str, producer_id: str, capabilities: dict[str, Any]) -> CreateConsumer:
        """A request for a consumer."""
        return CreateConsumer(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id,
            producer_id=producer_id,
            consumer_id=ids.mint(),
            rtp_capabilities=capabilities,
        )

    async def consume(
        self, transport_id: str, producer_id: str, capabilities: dict[str, Any]
    ) -> tuple[str, ConsumerCreated]:
        """A consumer, paused."""
        request = self.consumption(transport_id, producer_id, capabilities)
        return request.consumer_id, await self.ask(request)

    def record(self, *producers: str, placement: Placement | None = None) -> PeerRecord:
        """What the registry would store of it."""
        return PeerRecord(
            room_id=self.room_id,
            peer_id=self.peer_id,
            user_id="user",
            display_name="",
            app_data={},
            joined_at=0,
            signaling_id="signaling",
            placement=placement or self.placement,
            producers=[
                ProducerRecord(producer_id=producer_id, kind="video", app_data={}, paused=False)
                for producer_id in producers
            ],
        )


@dataclass
class Rooms:
    """The store of rooms, and the registry's answer to a request for a snapshot."""

    store: KeyValue
    records: dict[str, PeerRecord] = field(default_factory=dict)
    asked: int = 0
    endpoint: Endpoint[Any, Any] | None = None

    async def put(self, record: PeerRecord) -> int:
        """Stores a peer's record, whatever stands there."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        standing = await self.store.get(key)
        self.records[record.peer_id] = record
        return await self.store.update(key, record, last=0 if standing is None else standing.revision)

    async def purge(self, record: PeerRecord) -> None:
        """Removes a peer."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        standing = await self.store.get(key)
        assert standing is not None
        del self.records[record.peer_id]
        await self.store.purge(key, last=standing.revision, reason="left")

    async def answer(self, request: GetRoom) -> RoomSnapshot:
        """The snapshot of a room, from what was stored here."""
        self.asked += 1
        room = RoomRecord(room_id=request.room_id, call_id="call", codec_profile="v1", created_at=0)
        peers = [record for record in self.records.values() if record.room_id == request.room_id]
        return RoomSnapshot(room=room, peers=peers, revision=await self.store.last_sequence())


@dataclass
class RunningNode:
    """A media node in this process, and its beats."""

    node_id: str
    life: Lifecycle
    beats: list[NodeHeartbeat]

    @property
    def placement(self) -> Placement:
        """This life of it."""
        return Placement(node_id=self.node_id, epoch=self.beats[-1].epoch)
