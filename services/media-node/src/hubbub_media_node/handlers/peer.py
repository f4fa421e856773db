"""Requests that concern a whole peer."""

from __future__ import annotations

from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import (
    ClosePeer,
    ConsumerDescription,
    DescribePeer,
    PeerDescription,
    ProducerDescription,
    TransportDescription,
)

from ..domain.close_request import SILENT
from ..domain.entities import PlainTransport, Transport, WebRtcTransport
from .closing import close_peer
from .context import NodeContext
from .transport_counters import read_counters


async def describe(context: NodeContext, request: DescribePeer) -> PeerDescription:
    """Describes what the peer's client has. A server that acts for the peer knows its plain transports itself.

    The description shows the effect of every request for the peer that was received before it.
    """
    async with context.locks.of(request.room_id, request.peer_id):
        return await _description(context, request)


async def _description(context: NodeContext, request: DescribePeer) -> PeerDescription:
    everything = [
        each for each in context.entities.transports_of(request.room_id, request.peer_id) if not each.close_when_left
    ]
    transports = [each for each in everything if isinstance(each, WebRtcTransport)]
    plain = [each for each in everything if isinstance(each, PlainTransport)]
    capabilities = [each.request.rtp_capabilities for each in transports if each.request.rtp_capabilities is not None]
    return PeerDescription(
        rtp_capabilities=capabilities[-1] if capabilities else None,
        transports=[
            TransportDescription(
                transport_id=each.id,
                direction=each.direction,
                connected=each.connected,
                established=each.established and not each.silent,
                ice_username_fragment=each.ice_username_fragment,
            )
            for each in transports
        ],
        producers=[
            ProducerDescription(
                producer_id=each.id,
                transport_id=transport.id,
                kind=each.kind,
                paused=each.paused,
                encodings_wanted=each.encodings_wanted,
                score=each.score,
            )
            for transport in transports
            for each in transport.producers.values()
        ],
        consumers=[
            ConsumerDescription(
                consumer_id=each.id,
                producer_id=each.producer_id,
                transport_id=transport.id,
                kind=each.created.kind,
                type=each.created.type,
                paused=each.paused,
                layers=each.layers,
                paused_by_bandwidth=each.paused_by_bandwidth,
                paused_by_link=each.paused_by_link,
                score=each.score,
            )
            for transport in transports
            for each in transport.consumers.values()
        ],
        plain_producers=[producer_id for each in plain for producer_id in each.producers],
        packets_received=sum([await _packets_received(context, each) for each in transports]),
    )


async def _packets_received(context: NodeContext, transport: Transport) -> int:
    """0 when the transport is being closed."""
    counters = await read_counters(context, transport)
    return 0 if counters is None else int(counters["packets_received"])


async def close(context: NodeContext, request: ClosePeer) -> Done:
    """Closes all objects of the peer, if there are any."""
    await close_peer(context, request.room_id, request.peer_id, SILENT)
    return Done()
