"""Requests about a peer as a whole."""

from __future__ import annotations

import contextlib

from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import (
    ClosePeer,
    ConsumerDescription,
    DescribePeer,
    PeerDescription,
    ProducerDescription,
    TransportDescription,
)
from hubbub_contracts.errors import HubbubError
from hubbub_media_core.commands import TransportStats

from ..domain.closures import ASKED
from ..domain.tables import Closing, Transport
from .node import Node
from .transport import close_transport


async def describe(node: Node, request: DescribePeer) -> PeerDescription:
    """What there is of a peer."""
    transports = node.tables.transports_of(request.room_id, request.peer_id)
    told = [each.request.rtp_capabilities for each in transports if each.request.rtp_capabilities is not None]
    return PeerDescription(
        rtp_capabilities=told[-1] if told else None,
        transports=[
            TransportDescription(transport_id=each.id, direction=each.direction, connected=each.connected)
            for each in transports
        ],
        producers=[
            ProducerDescription(producer_id=each.id, transport_id=transport.id, kind=each.kind, paused=each.paused)
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
            )
            for transport in transports
            for each in transport.consumers.values()
        ],
        packets_received=sum([await _packets_received(node, each) for each in transports]),
    )


async def _packets_received(node: Node, transport: Transport) -> int:
    """None were received, as far as anybody can tell, by a transport that is being closed."""
    with contextlib.suppress(HubbubError):
        counted = await node.call(transport.room.worker, TransportStats(transport=transport.core_id))
        return int(counted["packets_received"])
    return 0


async def close(node: Node, request: ClosePeer) -> Done:
    """Closes whatever there is of a peer."""
    await close_peer(node, request.room_id, request.peer_id, ASKED)
    return Done()


async def close_peer(node: Node, room_id: str, peer_id: str, closing: Closing) -> None:
    """Closes a peer's transports, with what hangs on them."""
    async with node.serial(room_id, peer_id):
        for transport in node.tables.transports_of(room_id, peer_id):
            await close_transport(node, transport, closing)
