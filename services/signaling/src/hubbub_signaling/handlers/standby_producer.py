"""Copies of producers on a client's standby (ADR 51).

Rules
- A copy has the id of its producer, and stands in no list of the room. The registry records that there is one.
- Whatever pauses, resumes or closes the producer reaches the copy in the background, in the order of the requests.
  A copy that cannot be paused or resumed ends the standby.
- A copy that the registry did not record is closed. When it may have recorded it, the standby ends.
"""

from __future__ import annotations

from functools import partial

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus import producer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.socket import producer as socket

from ..domain.room_codecs import require_codec
from .context import RequestContext
from .new_producer import close_on_node, creation, replaced_record
from .resume_on_node import resume_on_node
from .standby import end_standby, require_standby
from .uncertain_outcome import may_have_taken_effect


async def copy_producer(context: RequestContext, request: socket.Produce, producer_id: str) -> socket.Produced:
    """Creates a copy of the producer over `request.transport_id`, a transport of the standby.

    Raises `not_found` for a producer that is not the client's, `invalid_argument` for one of the other kind, and what
    the node and the registry answer.
    """
    membership, resources = context.membership, context.resources
    transport_id = request.transport_id
    placement = resources.require_transport(transport_id, "send")
    require_standby(context, placement)
    found = replaced_record(context, request, producer_id)
    require_codec(membership.hub.view.options, request.rtp_parameters)
    create = creation(context, request, producer_id, found.shows).model_copy(update={"paused": found.paused})
    if producer_id in resources.standby_producers:
        # The node knows whether it is the same request again, and answers `conflict` when it is another one.
        created = await context.backend.node(placement, create)
        return _produced(producer_id, paused=created.paused)
    try:
        created = await context.backend.node(placement, create)
    except HubbubError:
        await close_on_node(context, producer_id, placement)
        raise
    if not resources.is_on_standby(transport_id) or producer_id not in resources.producers:
        await close_on_node(context, producer_id, placement)
        raise HubbubError(ErrorCode.NOT_FOUND, "the producer or the standby ended meanwhile")
    resources.standby_producers[producer_id] = transport_id
    paused = found.paused or created.paused
    try:
        await _record(context, producer_id, placement)
    except HubbubError as error:
        if resources.producers.get(producer_id) != transport_id:  # else it was recorded, and the standby took over
            await _withdraw(context, producer_id, placement, error)
            raise
    if not _is_there(context, producer_id, transport_id):
        await close_on_node(context, producer_id, placement)
        raise HubbubError(ErrorCode.NOT_FOUND, "the producer or the standby ended meanwhile")
    listed = membership.hub.view.producer(producer_id)
    if listed is not None and listed[1].paused != paused:  # paused or resumed since
        paused = listed[1].paused
        set_copy_paused(context, producer_id, paused=paused)
    return _produced(producer_id, paused=paused)


def set_copy_paused(context: RequestContext, producer_id: str, *, paused: bool) -> None:
    """Pauses or resumes the copy of a producer, in the background. Does nothing without one."""
    transport_id = context.resources.standby_producers.get(producer_id)
    if transport_id is not None:
        work = partial(_set_paused, transport_id=transport_id, producer_id=producer_id, paused=paused)
        context.session.run_in_background(work, key=transport_id)


def close_copy(context: RequestContext, producer_id: str) -> None:
    """Closes the copy of a producer, in the background. Does nothing without one."""
    transport_id = context.resources.standby_producers.pop(producer_id, None)
    placement = context.resources.standby
    if transport_id is not None and placement is not None:
        work = partial(close_on_node, producer_id=producer_id, placement=placement)
        context.session.run_in_background(work, key=transport_id)


async def _record(context: RequestContext, producer_id: str, placement: Placement) -> None:
    """Has the registry record the copy. Raises HubbubError."""
    membership = context.membership
    recorded = await context.backend.registry(
        producer.AddStandbyProducer(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            producer_id=producer_id,
            placement=placement,
        )
    )
    # From here on, the view says whether the producer is paused.
    await membership.hub.replica.reach(recorded.revision)


async def _withdraw(context: RequestContext, producer_id: str, placement: Placement, error: HubbubError) -> None:
    context.resources.standby_producers.pop(producer_id, None)
    await close_on_node(context, producer_id, placement)
    if may_have_taken_effect(error) and context.resources.standby == placement:
        end_standby(context, "other")


def _is_there(context: RequestContext, producer_id: str, transport_id: str) -> bool:
    """Whether the standby still has the copy, or hosts the client with it."""
    resources = context.resources
    return transport_id in (resources.standby_producers.get(producer_id), resources.producers.get(producer_id))


def _produced(producer_id: str, *, paused: bool) -> socket.Produced:
    return socket.Produced(id=producer_id, paused=True if paused else None)


async def _set_paused(context: RequestContext, transport_id: str, producer_id: str, *, paused: bool) -> None:
    membership, resources = context.membership, context.resources
    names = {"room_id": membership.room_id, "peer_id": membership.peer_id, "producer_id": producer_id}

    def where() -> Placement:
        if not _is_there(context, producer_id, transport_id):
            raise HubbubError(ErrorCode.NOT_FOUND, "no such copy")
        return resources.require_transport(transport_id)

    try:
        if paused:
            pause: NodeRequest[Done] = producer.PauseProducer(**names)
            await context.backend.node(where(), pause)
        else:
            await resume_on_node(context, producer.ResumeProducer(**names), where)
    except HubbubError as error:
        if resources.is_on_standby(transport_id) and error.code is not ErrorCode.MUTED:
            end_standby(context, "other")
