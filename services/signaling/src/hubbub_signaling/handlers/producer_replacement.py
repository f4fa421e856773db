"""`produce` with `replaces`: a producer changes its node, while its peer moves (ADR 48).

Rules
- The producer keeps its id. It is created on the new node, and one write of the registry says where it is.
- The former one goes on until every node of the room has switched. Its node closes it and tells nobody.
- When the registry refuses, the new one alone is closed. Without an answer, the room's record tells, if it has the new
  one already; else that is closed, and the nodes are asked what they have.
"""

from __future__ import annotations

import contextlib

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import producer
from hubbub_contracts.bus.records import Placement, ProducerRecord
from hubbub_contracts.socket import producer as socket

from ..domain.room_codecs import require_codec
from .context import RequestContext
from .new_producer import close_on_node, creation, remove_from_room, replaced_record
from .uncertain_outcome import may_have_taken_effect


async def replace_producer(context: RequestContext, request: socket.Produce, producer_id: str) -> socket.Produced:
    """Moves the producer to the node of `request.transport_id`.

    Raises `not_found` for a producer that is not the client's, `invalid_argument` for one of the other kind, and
    `invalid_state` when the peer does not move, or the transport is not on its new node.
    """
    membership, backend = context.membership, context.backend
    placement = context.resources.require_transport(request.transport_id, "send")
    former = _require_replaceable(context, request, producer_id, placement)
    require_codec(membership.hub.view.options, request.rtp_parameters)
    create = creation(context, request, producer_id, former.shows)
    if former.placement is None:
        # The node knows whether it is the same request again, and answers `conflict` when it is another one.
        created = await backend.node(placement, create)
        return socket.Produced(id=producer_id, paused=True if created.paused else None)
    context.resources.replacing[producer_id] = request.transport_id
    try:
        created = await backend.node(placement, create)
        paused = request.paused or created.paused
        registered = await _register(
            context,
            producer.ReplaceProducer(
                room_id=membership.room_id,
                peer_id=membership.peer_id,
                producer_id=producer_id,
                paused=paused,
                placement=placement,
            ),
        )
        _require_owned(context, producer_id, request.transport_id)
    except HubbubError as error:
        await close_on_node(context, producer_id, placement)
        if may_have_taken_effect(error):
            context.resources.unanswered.add(producer_id)
            context.session.on_media_gap()
        raise
    finally:
        context.resources.replacing.pop(producer_id, None)
    context.resources.producers[producer_id] = request.transport_id
    if registered.paused:  # paused when it was replaced, which the new node need not know
        pause = producer.PauseProducer(room_id=membership.room_id, peer_id=membership.peer_id, producer_id=producer_id)
        with contextlib.suppress(HubbubError):
            await backend.node(placement, pause)
    return socket.Produced(id=producer_id, paused=True if created.paused or registered.paused else None)


def _require_replaceable(
    context: RequestContext, request: socket.Produce, producer_id: str, placement: Placement
) -> ProducerRecord:
    """The record of the producer, which may move to `placement`. Raises as `replace_producer`."""
    record = context.membership.record
    found = replaced_record(context, request, producer_id)
    if found.placement is None and context.resources.producers[producer_id] == request.transport_id:
        return found  # it is replaced already
    if record.leaving is None or placement != record.placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "the transport is not on a media node that the peer moves to")
    if record.placement_of(found) == placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "the producer is on the new media node already")
    return found


async def _register(context: RequestContext, message: producer.ReplaceProducer) -> producer.Registered:
    """Has the room get the producer from its new node. Raises HubbubError."""
    try:
        return await context.backend.registry(message)
    except HubbubError as error:
        record = context.membership.record
        found = next((each for each in record.producers if each.producer_id == message.producer_id), None)
        if not may_have_taken_effect(error) or found is None or record.placement_of(found) != message.placement:
            raise
        return producer.Registered(
            revision=context.membership.hub.view.revision, paused=found.paused and not message.paused
        )


def _require_owned(context: RequestContext, producer_id: str, transport_id: str) -> None:
    """Raises `not_found` when the former producer or the new one's transport ended before the session knew of that."""
    if producer_id in context.resources.producers and transport_id in context.resources.transports:
        return
    context.resources.producers.pop(producer_id, None)
    remove_from_room(context, producer_id)
    raise HubbubError(ErrorCode.NOT_FOUND, "the producer was closed meanwhile")
