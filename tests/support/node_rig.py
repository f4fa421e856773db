"""The signaling sessions and the registry around a media node, for tests of a single node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from hubbub_bus import Bus, Endpoint, KeyValue
from hubbub_contracts import HubbubError, Model, Request, ids, subjects
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.media import (
    MEDIA_EVENT,
    ClosureEvent,
    ConsumerClosed,
    ConsumerLayersChanged,
    MediaEvent,
    ProducerClosed,
    TransportClosed,
    TransportConnected,
)
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot
from hubbub_contracts.bus.transport import ConnectTransport, CreateTransport, DtlsParameters, TransportCreated
from hubbub_contracts.layers import ConsumerLayers
from hubbub_contracts.types import Direction
from hubbub_service import Lifecycle

from .rtp_transport import RtpTransport

ANSWER_TIMEOUT = 10.0
"""Seconds, of which a busy machine may take some."""
FIXTURES = Path(__file__).parents[1] / "fixtures"
ReplyT = TypeVar("ReplyT", bound=Model)


def fixture(name: str) -> dict[str, Any]:
    """A message recorded from a client."""
    return cast("dict[str, Any]", json.loads((FIXTURES / name).read_text()))


async def until(condition: Callable[[], bool]) -> None:
    """Polls `condition` until it is true. The test's timeout bounds it."""
    while not condition():
        await asyncio.sleep(0.01)


@dataclass
class Peer:
    """A peer, as its signaling session controls it."""

    bus: Bus
    placement: Placement
    room_id: str
    peer_id: str = field(default_factory=ids.mint)
    events: list[ClosureEvent] = field(default_factory=list)
    """Closures."""
    connected: list[str] = field(default_factory=list)
    """The transports whose DTLS handshake succeeded, as the node reports them."""
    layers: list[ConsumerLayers | None] = field(default_factory=list)
    """The layers of its consumers, at each change."""
    links: dict[str, RtpTransport] = field(default_factory=dict)

    async def request(self, message: Request[ReplyT]) -> ReplyT:
        """Sends a request to the peer's node and incarnation."""
        return await self.bus.request(
            subjects.node(self.placement.node_id, self.placement.epoch, message.verb), message, timeout=ANSWER_TIMEOUT
        )

    async def ask_until_answered(self, message: Request[ReplyT]) -> ReplyT:
        """As `request`, and again after a retryable error, as clients do: another node may have missed its deadline."""
        while True:
            try:
                return await self.request(message)
            except HubbubError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(0.1)

    async def listen(self) -> None:
        """Collects the media events for this peer."""

        def collect(event: MediaEvent) -> None:
            if isinstance(event, TransportConnected):
                self.connected.append(event.transport_id)
            elif isinstance(event, ConsumerLayersChanged):
                self.layers.append(event.layers)
            elif isinstance(event, TransportClosed | ProducerClosed | ConsumerClosed):
                self.events.append(event)

        await self.bus.subscribe(subjects.media(self.room_id, self.peer_id), MEDIA_EVENT, collect)
        await self.bus.flush()

    def create_transport_request(
        self, direction: Direction, transport_id: str | None = None, operation_id: str | None = None
    ) -> CreateTransport:
        """A request that creates a transport."""
        return CreateTransport(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id or ids.mint(),
            direction=direction,
            codec_profile="v1",
            operation_id=operation_id,
        )

    async def create_transport(self, direction: Direction) -> tuple[str, TransportCreated]:
        """Creates a transport, which is not connected."""
        request = self.create_transport_request(direction)
        return request.transport_id, await self.request(request)

    def client(self, transport_id: str, created: TransportCreated, role: str = "client") -> RtpTransport:
        """The client's side of a transport."""
        link = RtpTransport({"id": transport_id, **created.wire()}, role)
        self.links[transport_id] = link
        return link

    async def connect(self, link: RtpTransport, **changed: Any) -> None:
        """Sends the client's DTLS parameters, with `changed` fields."""
        parameters = DtlsParameters.model_validate({**link.dtls_parameters, **changed})
        await self.request(
            ConnectTransport(
                room_id=self.room_id, peer_id=self.peer_id, transport_id=link.id, dtls_parameters=parameters
            )
        )

    async def open_transport(self, direction: Direction, role: str = "client") -> RtpTransport:
        """Creates a transport and connects it with ICE and DTLS."""
        link = self.client(*await self.create_transport(direction), role)
        await self.connect(link)
        await link.open()
        return link

    async def produce(self, transport_id: str, recorded: dict[str, Any], producer_id: str | None = None) -> str:
        """Creates a producer with recorded parameters."""
        request = self.create_producer_request(transport_id, recorded)
        if producer_id is not None:
            request = request.model_copy(update={"producer_id": producer_id})
        await self.request(request)
        return request.producer_id

    def create_producer_request(
        self, transport_id: str, recorded: dict[str, Any], operation_id: str | None = None
    ) -> CreateProducer:
        """A request that creates a producer with recorded parameters."""
        return CreateProducer(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id,
            producer_id=ids.mint(),
            kind=recorded["kind"],
            rtp_parameters=recorded["rtpParameters"],
            paused=False,
            operation_id=operation_id,
        )

    def create_consumer_request(
        self, transport_id: str, producer_id: str, capabilities: dict[str, Any], operation_id: str | None = None
    ) -> CreateConsumer:
        """A request that creates a consumer."""
        return CreateConsumer(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id,
            producer_id=producer_id,
            consumer_id=ids.mint(),
            rtp_capabilities=capabilities,
            operation_id=operation_id,
        )

    async def consume(
        self, transport_id: str, producer_id: str, capabilities: dict[str, Any]
    ) -> tuple[str, ConsumerCreated]:
        """Creates a consumer, which is paused."""
        request = self.create_consumer_request(transport_id, producer_id, capabilities)
        return request.consumer_id, await self.request(request)

    def record(self, *producers: str, placement: Placement | None = None) -> PeerRecord:
        """The record that the registry stores for this peer."""
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
    """The rooms bucket, and the registry's answers to snapshot requests."""

    store: KeyValue
    records: dict[str, PeerRecord] = field(default_factory=dict)
    requests: int = 0
    """Snapshot requests so far."""
    endpoint: Endpoint[Any, Any] | None = None

    async def put(self, record: PeerRecord) -> int:
        """Stores a peer's record, replacing an earlier one."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        stored = await self.store.get(key)
        self.records[record.peer_id] = record
        return await self.store.update(key, record, last=0 if stored is None else stored.revision)

    async def purge(self, record: PeerRecord) -> None:
        """Removes a peer's record."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        stored = await self.store.get(key)
        assert stored is not None
        del self.records[record.peer_id]
        await self.store.purge(key, last=stored.revision, reason="left")

    async def answer(self, request: GetRoom) -> RoomSnapshot:
        """Returns the snapshot of a room."""
        self.requests += 1
        room = RoomRecord(room_id=request.room_id, call_id="call", codec_profile="v1", created_at=0)
        peers = [record for record in self.records.values() if record.room_id == request.room_id]
        return RoomSnapshot(room=room, peers=peers, revision=await self.store.last_sequence())


@dataclass
class RunningNode:
    """A media node in this process, and the heartbeats that it has sent."""

    node_id: str
    lifecycle: Lifecycle
    heartbeats: list[NodeHeartbeat]

    @property
    def placement(self) -> Placement:
        """The current incarnation."""
        return Placement(node_id=self.node_id, epoch=self.heartbeats[-1].epoch)
