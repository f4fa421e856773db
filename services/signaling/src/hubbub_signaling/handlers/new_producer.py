"""A producer that its node has and the room not yet: the request that creates it, and how it is taken back."""

from __future__ import annotations

import contextlib

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import producer
from hubbub_contracts.bus.records import Placement, ProducerRecord
from hubbub_contracts.socket.producer import Produce
from hubbub_contracts.types import TrackSource

from ..domain.authorization import require_publish
from .context import RequestContext


def creation(
    context: RequestContext, request: Produce, producer_id: str, source: TrackSource | None
) -> producer.CreateProducer:
    """The request to the node of the client's transport. `source`: what the track shows."""
    membership = context.membership
    return producer.CreateProducer(
        room_id=membership.room_id,
        peer_id=membership.peer_id,
        transport_id=request.transport_id,
        producer_id=producer_id,
        kind=request.kind,
        rtp_parameters=request.rtp_parameters,
        paused=request.paused,
        operation_id=request.operation_id or None,
        is_microphone=source != "screen-audio",
        source=source,
    )


def replaced_record(context: RequestContext, request: Produce, producer_id: str) -> ProducerRecord:
    """The record of the client's producer that `request` replaces, or copies.

    Raises `not_found` for a producer that is not the client's, `invalid_argument` for one of the other kind, and
    `not_allowed` when the client may not send it any more.
    """
    context.resources.require_producer(producer_id)
    found = next((each for each in context.membership.record.producers if each.producer_id == producer_id), None)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    if found.kind != request.kind:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"replaces: the producer is of the kind {found.kind}")
    require_publish(context.access.identity, found.kind, found.app_data, found.shows)
    return found


async def close_on_node(context: RequestContext, producer_id: str, placement: Placement) -> None:
    """Closes the producer on its node. An unreachable node closes what the room's feed does not confirm."""
    membership = context.membership
    close = producer.CloseProducer(room_id=membership.room_id, peer_id=membership.peer_id, producer_id=producer_id)
    with contextlib.suppress(HubbubError):
        await context.backend.node(placement, close)


def remove_from_room(context: RequestContext, producer_id: str) -> None:
    """Has the producer removed from the room as soon as the registry answers."""
    membership = context.membership
    context.outbox.enqueue_once(
        producer.RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=[producer_id])
    )
