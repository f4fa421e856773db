"""Handlers for a client's producers. The media node acts first, then the registry updates the room."""

from __future__ import annotations

from functools import partial

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import producer
from hubbub_contracts.socket import producer as socket
from hubbub_contracts.track_source import track_source

from ..domain.authorization import require_publish
from ..domain.pushes import listed_producers
from ..domain.room_codecs import require_codec
from .context import RequestContext
from .new_producer import close_on_node, creation, remove_from_room
from .producer_replacement import replace_producer
from .resume_on_node import resume_on_node
from .standby_producer import close_copy, copy_producer, set_copy_paused
from .uncertain_outcome import may_have_taken_effect


async def produce(context: RequestContext, request: socket.Produce) -> socket.Produced:
    """Creates the producer on the node, then registers it. If the registry refuses, closes it again."""
    membership, backend = context.membership, context.backend
    if membership.record.watches:
        raise HubbubError(ErrorCode.NOT_ALLOWED, "a client in the audience may not send: join without `audience`")
    if request.replaces is not None:
        copies = context.resources.is_on_standby(request.transport_id)
        return await (copy_producer if copies else replace_producer)(context, request, request.replaces)
    source = track_source(request.kind, request.app_data, request.source)
    require_publish(context.access.identity, request.kind, request.app_data, request.source)
    require_codec(membership.hub.view.options, request.rtp_parameters)
    placement = context.resources.require_transport(request.transport_id, "send")
    if placement != membership.placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "this media node does not host the peer", retryable=True)
    requested_id = context.new_id()
    created = await backend.node(placement, creation(context, request, requested_id, source))
    producer_id = created.producer_id or requested_id
    context.resources.producers[producer_id] = request.transport_id
    try:
        registered = await backend.registry(
            producer.AddProducer(
                room_id=membership.room_id,
                peer_id=membership.peer_id,
                producer_id=producer_id,
                kind=request.kind,
                app_data=request.app_data,
                paused=request.paused or created.paused,
                placement=placement,
                source=source,
            )
        )
    except HubbubError as error:
        context.resources.producers.pop(producer_id, None)
        if may_have_taken_effect(error):
            remove_from_room(context, producer_id)
        await close_on_node(context, producer_id, placement)
        raise
    return socket.Produced(id=producer_id, paused=True if created.paused or registered.paused else None)


async def close_producer(context: RequestContext, request: socket.CloseProducer) -> Done:
    """Closes the producer on the node, and has it removed from the room as soon as the registry answers.

    A node that does not answer delays nothing. Repeating the request succeeds as long as the room lists the producer.
    """
    membership = context.membership
    record = membership.record
    listed = next((each for each in record.producers if each.producer_id == request.producer_id), None)
    if listed is None or request.producer_id in context.resources.producers:
        placement = context.resources.require_producer(request.producer_id)
    else:
        placement = record.placement_of(listed) or membership.placement
    await context.close_unlisted(
        placement,
        producer.CloseProducer(room_id=membership.room_id, peer_id=membership.peer_id, producer_id=request.producer_id),
    )
    context.resources.producers.pop(request.producer_id, None)
    close_copy(context, request.producer_id)
    remove_from_room(context, request.producer_id)
    return Done()


async def pause_producer(context: RequestContext, request: socket.PauseProducer) -> Done:
    """Stops forwarding on the node, then updates the room."""
    membership = context.membership
    await context.backend.node(
        context.resources.require_producer(request.producer_id),
        producer.PauseProducer(room_id=membership.room_id, peer_id=membership.peer_id, producer_id=request.producer_id),
    )
    set_copy_paused(context, request.producer_id, paused=True)
    return await _set_paused(context, request.producer_id, paused=True)


async def resume_producer(context: RequestContext, request: socket.ResumeProducer) -> Done:
    """Resumes forwarding on the node, then updates the room. Raises `muted` when a moderator muted the source."""
    membership = context.membership
    await resume_on_node(
        context,
        producer.ResumeProducer(
            room_id=membership.room_id, peer_id=membership.peer_id, producer_id=request.producer_id
        ),
        partial(context.resources.require_producer, request.producer_id),
    )
    set_copy_paused(context, request.producer_id, paused=False)
    return await _set_paused(context, request.producer_id, paused=False)


async def get_producers(context: RequestContext, _request: socket.GetProducers) -> socket.Producers:
    """The other peers' producers in this instance's view of the room."""
    membership = context.membership
    return socket.Producers(producers=listed_producers(membership.hub.view.peers, membership.peer_id))


async def _set_paused(context: RequestContext, producer_id: str, *, paused: bool) -> Done:
    membership = context.membership
    await context.backend.registry(
        producer.SetProducerPaused(
            room_id=membership.room_id, peer_id=membership.peer_id, producer_id=producer_id, paused=paused
        )
    )
    return Done()
