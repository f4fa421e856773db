"""Requests for consumers."""

from __future__ import annotations

import contextlib
import time
from typing import Any, cast

from hubbub_contracts.base import Done
from hubbub_contracts.bus.consumer import (
    CloseConsumer,
    ConsumerCreated,
    CreateConsumer,
    LayersPreferred,
    PauseConsumer,
    RequestKeyFrame,
    ResumeConsumer,
    SetConsumerPriority,
    SetPreferredLayers,
)
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.layers import PreferredLayers
from hubbub_media_core import CoreError, commands

from ..domain import negotiation
from ..domain.close_request import SILENT
from ..domain.consumer_layers import effective_layers
from ..domain.entities import Consumer, WebRtcTransport
from ..domain.repetition import find_repeated
from .context import NodeContext
from .layer_reports import report_layers
from .link_pauses import report_link_pause
from .remote_producers import find_source


async def create(context: NodeContext, request: CreateConsumer) -> ConsumerCreated:
    """Creates a consumer on a receive transport."""
    async with context.locks.of(request.room_id, request.peer_id):
        existing = context.entities.consumers.get(request.consumer_id)
        if existing is not None:
            if existing.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the consumer id is already in use")
            return existing.created
        repeated = find_repeated(
            context.entities,
            request,
            Consumer,
            lambda consumer: (
                (consumer.transport.id, consumer.producer_id) == (request.transport_id, request.producer_id)
            ),
        )
        if repeated is not None:
            return repeated.created
        transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
        transport.require("recv")
        context.require_accepting()
        context.limits.check_consumers(context.entities, request.room_id, request.peer_id)
        context.quotas.check_consumers(request.room_id, time.monotonic())
        producer, source = await find_source(context, transport.router, request.producer_id, request.origin)
        # It may have been closed meanwhile.
        transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
        negotiated = negotiation.consume(
            producer.kind,
            producer.consumable,
            request.rtp_capabilities,
            mid=request.answer_mid or str(transport.next_mid),
            endpoint_numbers=request.answer_mid is not None,
            is_used=transport.used_ssrcs.__contains__,
            estimated=isinstance(transport, WebRtcTransport),
        )
        transport.next_mid += 1
        transport.used_ssrcs |= negotiated.ssrcs
        consumer = Consumer(
            id=request.consumer_id,
            core_id=context.entities.next_core_id(),
            transport=transport,
            producer_id=producer.id,
            source=source,
            request=request,
            created=ConsumerCreated(
                kind=producer.kind,
                rtp_parameters=cast("dict[str, Any]", negotiated.parameters),
                type=producer.type,
                producer_paused=producer.paused,
                consumer_id=request.consumer_id,
                paused=request.paused,
            ),
        )
        context.entities.add_consumer(consumer)
        command = commands.CreateConsumer(
            consumer=consumer.core_id,
            transport=transport.core_id,
            producer=source,
            spec=negotiated.spec,
        )
        try:
            await context.call(transport.worker, command)
        except HubbubError:
            context.entities.remove_consumer(consumer)
            raise
        await _start(context, consumer)
        report_link_pause(context, consumer)
        return consumer.created


async def pause(context: NodeContext, request: PauseConsumer) -> Done:
    """Stops sending to the consumer."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        await _set_paused(context, consumer, paused=True)
        report_layers(context, consumer, None)
        return Done()


async def resume(context: NodeContext, request: ResumeConsumer) -> Done:
    """Starts, or restarts, sending to the consumer."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        await _set_paused(context, consumer, paused=False)
        return Done()


async def set_preferred_layers(context: NodeContext, request: SetPreferredLayers) -> LayersPreferred:
    """Limits the layers sent to the consumer. As in mediasoup, one without layers is answered without an effect."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        return LayersPreferred(preferred_layers=await _prefer(context, consumer, request.preferred_layers))


async def set_priority(context: NodeContext, request: SetConsumerPriority) -> Done:
    """Sets how early the consumer is served when bandwidth is scarce."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        await _set_priority(context, consumer, request.priority)
        return Done()


async def request_key_frame(context: NodeContext, request: RequestKeyFrame) -> Done:
    """Requests a key frame from the producer. The core bounds the rate, and requests one at each resume."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        if consumer.created.kind == "video" and consumer.runs:
            await context.call(consumer.transport.worker, commands.RequestKeyFrame(consumer=consumer.core_id))
        return Done()


async def close(context: NodeContext, request: CloseConsumer) -> Done:
    """Closes a consumer at its peer's request."""
    async with context.locks.of(request.room_id, request.peer_id):
        consumer = context.entities.consumer(request.room_id, request.peer_id, request.consumer_id)
        consumer.close_request = SILENT
        await context.call(consumer.transport.worker, commands.CloseConsumer(consumer=consumer.core_id))
        return Done()


async def _start(context: NodeContext, consumer: Consumer) -> None:
    """Carries out the options of a new consumer, which the core creates paused. Closes it when that fails."""
    try:
        if consumer.request.preferred_layers is not None:
            await _prefer(context, consumer, consumer.request.preferred_layers)
        if consumer.request.priority != 1:
            await _set_priority(context, consumer, consumer.request.priority)
        if not consumer.request.paused:
            await _set_paused(context, consumer, paused=False)
    except HubbubError:
        consumer.close_request = SILENT
        with contextlib.suppress(CoreError):
            context.core.send(consumer.transport.worker, commands.CloseConsumer(consumer=consumer.core_id))
        raise


async def _set_paused(context: NodeContext, consumer: Consumer, *, paused: bool) -> None:
    """Pauses or resumes a consumer. One that is held gets nothing in either case, until `standbys` lets it go on."""
    former = consumer.paused, consumer.runs
    consumer.paused = paused  # before the call: `standbys` may have to know it meanwhile
    if consumer.is_held:
        consumer.transport.held = True
        return
    consumer.runs = not paused
    command = commands.PauseConsumer if paused else commands.ResumeConsumer
    try:
        await context.call(consumer.transport.worker, command(consumer=consumer.core_id))
    except HubbubError:
        consumer.paused, consumer.runs = former
        raise


async def _set_priority(context: NodeContext, consumer: Consumer, priority: int) -> None:
    command = commands.SetConsumerPriority(consumer=consumer.core_id, priority=priority)
    await context.call(consumer.transport.worker, command)


async def _prefer(context: NodeContext, consumer: Consumer, preferred: PreferredLayers) -> PreferredLayers | None:
    """Returns the effective layers. None: the consumer has no layers, and the core is not asked."""
    effective = effective_layers(consumer.created, preferred)
    if effective is not None:
        command = commands.SetPreferredLayers(
            consumer=consumer.core_id, spatial=effective.spatial_layer, temporal=preferred.temporal_layer
        )
        await context.call(consumer.transport.worker, command)
    return effective
