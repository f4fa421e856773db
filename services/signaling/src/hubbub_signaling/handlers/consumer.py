"""Handlers for a client's consumers."""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import consumer
from hubbub_contracts.layers import PreferredLayers
from hubbub_contracts.socket import consumer as socket

from ..domain.owned_resources import OwnedConsumer
from .context import RequestContext


async def consume(context: RequestContext, request: socket.Consume) -> socket.Consumed:
    """Creates a consumer. A producer that this instance's view does not have yet is retryable `not_found`."""
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id, "recv")
    found = membership.hub.view.producer(request.producer_id)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer in this room", retryable=True)
    sender, producer = found
    capabilities = request.rtp_capabilities or membership.rtp_capabilities
    if capabilities is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "rtpCapabilities: required, those of the join are not known")
    requested_id = context.new_id()
    created = await context.backend.node(
        placement,
        consumer.CreateConsumer(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            transport_id=request.transport_id,
            producer_id=request.producer_id,
            consumer_id=requested_id,
            rtp_capabilities=capabilities,
            preferred_layers=request.preferred_layers,
            priority=request.priority,
            paused=request.paused,
            operation_id=request.operation_id or None,
            answer_mid=request.answer_mid,
            origin=sender.placement_of(producer),
        ),
    )
    consumer_id = created.consumer_id or requested_id
    context.resources.consumers[consumer_id] = OwnedConsumer(request.transport_id, request.producer_id)
    if created.paused and not request.paused:  # by a node of an older version
        await _resume(context, consumer_id)
    return socket.Consumed(
        id=consumer_id,
        producer_id=request.producer_id,
        kind=created.kind,
        rtp_parameters=created.rtp_parameters,
        type=created.type,
        producer_paused=created.producer_paused,
        app_data=producer.app_data,
    )


async def resume_consumer(context: RequestContext, request: socket.ResumeConsumer) -> Done:
    """Starts forwarding to the client."""
    return await _resume(context, request.consumer_id)


async def pause_consumer(context: RequestContext, request: socket.PauseConsumer) -> Done:
    """Stops forwarding to the client."""
    membership = context.membership
    placement = context.resources.require_consumer(request.consumer_id)
    return await context.backend.node(
        placement,
        consumer.PauseConsumer(room_id=membership.room_id, peer_id=membership.peer_id, consumer_id=request.consumer_id),
    )


async def set_preferred_layers(context: RequestContext, request: socket.SetPreferredLayers) -> socket.LayersPreferred:
    """Limits the layers that the client receives."""
    membership = context.membership
    placement = context.resources.require_consumer(request.consumer_id)
    preferred = await context.backend.node(
        placement,
        consumer.SetPreferredLayers(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            consumer_id=request.consumer_id,
            preferred_layers=PreferredLayers(
                spatial_layer=request.spatial_layer, temporal_layer=request.temporal_layer
            ),
        ),
    )
    return socket.LayersPreferred(preferred_layers=preferred.preferred_layers)


async def set_consumer_priority(context: RequestContext, request: socket.SetConsumerPriority) -> Done:
    """Sets how early the client receives this video when its bandwidth is scarce."""
    membership = context.membership
    placement = context.resources.require_consumer(request.consumer_id)
    return await context.backend.node(
        placement,
        consumer.SetConsumerPriority(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            consumer_id=request.consumer_id,
            priority=request.priority,
        ),
    )


async def request_key_frame(context: RequestContext, request: socket.RequestKeyFrame) -> Done:
    """Requests a key frame from the producer."""
    membership = context.membership
    placement = context.resources.require_consumer(request.consumer_id)
    return await context.backend.node(
        placement,
        consumer.RequestKeyFrame(
            room_id=membership.room_id, peer_id=membership.peer_id, consumer_id=request.consumer_id
        ),
    )


async def close_consumer(context: RequestContext, request: socket.CloseConsumer) -> Done:
    """Closes the consumer on the node."""
    membership = context.membership
    placement = context.resources.require_consumer(request.consumer_id)
    await context.close_on_node(
        placement,
        consumer.CloseConsumer(room_id=membership.room_id, peer_id=membership.peer_id, consumer_id=request.consumer_id),
    )
    context.resources.consumers.pop(request.consumer_id, None)
    return Done()


async def _resume(context: RequestContext, consumer_id: str) -> Done:
    membership = context.membership
    return await context.backend.node(
        context.resources.require_consumer(consumer_id),
        consumer.ResumeConsumer(room_id=membership.room_id, peer_id=membership.peer_id, consumer_id=consumer_id),
    )
