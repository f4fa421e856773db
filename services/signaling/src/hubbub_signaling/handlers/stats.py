"""Handler for statistics."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import rtc_stats
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.rtc_stats import StatsReport
from hubbub_contracts.socket import stats as socket

from .context import RequestContext


async def get_stats(context: RequestContext, request: socket.GetStats) -> StatsReport:
    """Reads the counters of one object on the node."""
    ids = (request.transport_id, request.producer_id, request.consumer_id)
    if sum(each is not None for each in ids) != 1:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "exactly one of transportId, producerId, consumerId is required")
    membership = context.membership
    return await context.backend.node(
        _node_of(context, request),
        rtc_stats.ReadObjectStats(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            transport_id=request.transport_id,
            producer_id=request.producer_id,
            consumer_id=request.consumer_id,
        ),
    )


def _node_of(context: RequestContext, request: socket.GetStats) -> Placement:
    """The node that has the object. Raises `not_found`."""
    if request.transport_id is not None:
        return context.resources.require_transport(request.transport_id)
    if request.producer_id is not None:
        return context.resources.require_producer(request.producer_id)
    return context.resources.require_consumer(request.consumer_id or "")
