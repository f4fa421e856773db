"""A server that acts for a peer of a room: it exchanges RTP with the room over plain transports."""

from __future__ import annotations

from typing import Any

from hubbub_client import Call
from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.plain_transport import CreatePlainTransport, PlainTransportCreated
from hubbub_contracts.bus.producer import AddProducer, CreateProducer
from hubbub_contracts.bus.records import Placement

from .bus_client import BusClient

VP8 = {"mimeType": "video/VP8", "kind": "video", "clockRate": 90_000}
"""The capabilities of FFmpeg: no feedback, no retransmissions, no header extensions."""


class PlainServer:
    """The requests of the server. The peer is that of a client that it has joined itself."""

    def __init__(self, bus: BusClient, call_id: str, peer_id: str, placement: Placement) -> None:
        self.bus, self.call_id, self.peer_id, self.placement = bus, call_id, peer_id, placement
        self.room_id = ids.room_id(call_id)

    @classmethod
    async def join(cls, bus: BusClient, call: Call, call_id: str) -> PlainServer:
        """The server that acts for the local participant of a call."""
        peer_id = call.local.peer_id
        return cls(bus, call_id, peer_id, await bus.placement(call_id, peer_id))

    async def create_transport(self, **options: Any) -> PlainTransportCreated:
        """Creates a plain transport."""
        snapshot = await self.bus.room(self.call_id)
        request = CreatePlainTransport(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=ids.mint(),
            codec_profile=snapshot.room.codec_profile,
            **options,
        )
        return await self.bus.ask_node(self.placement, request)

    async def produce_video(self, transport_id: str, *, ssrc: int, payload_type: int, source: str = "camera") -> str:
        """Creates a producer of VP8 and adds it to the room."""
        producer_id = ids.mint()
        parameters = {
            "codecs": [{"mimeType": "video/VP8", "payloadType": payload_type, "clockRate": 90_000}],
            "encodings": [{"ssrc": ssrc}],
        }
        await self.bus.ask_node(
            self.placement,
            CreateProducer(
                room_id=self.room_id,
                peer_id=self.peer_id,
                transport_id=transport_id,
                producer_id=producer_id,
                kind="video",
                rtp_parameters=parameters,
                paused=False,
            ),
        )
        added = AddProducer(
            room_id=self.room_id,
            peer_id=self.peer_id,
            producer_id=producer_id,
            kind="video",
            app_data={"source": source},
            paused=False,
            placement=self.placement,
        )
        await self.bus.bus.request(subjects.registry(added.verb), added)
        return producer_id

    async def consume(self, transport_id: str, producer_id: str) -> ConsumerCreated:
        """Creates a running consumer of VP8."""
        request = CreateConsumer(
            room_id=self.room_id,
            peer_id=self.peer_id,
            transport_id=transport_id,
            producer_id=producer_id,
            consumer_id=ids.mint(),
            rtp_capabilities={"codecs": [VP8], "headerExtensions": []},
            paused=False,
        )
        return await self.bus.ask_node(self.placement, request)
