"""Requests for producers."""

from __future__ import annotations

import time

from hubbub_contracts.base import Done
from hubbub_contracts.bus.producer import (
    CloseProducer,
    CreateProducer,
    PauseProducer,
    ProducerCreated,
    ResumeProducer,
)
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain import negotiation
from ..domain.close_request import SILENT
from ..domain.entities import PlainTransport, Producer, source_of
from ..domain.repetition import find_repeated
from .closing import close_producer
from .context import NodeContext
from .microphones import share_microphones
from .mutes import pause_if_muted
from .pipes import set_paused


async def create(context: NodeContext, request: CreateProducer) -> ProducerCreated:
    """Creates a producer on a send transport."""
    async with context.locks.of(request.room_id, request.peer_id):
        existing = context.entities.producers.get(request.producer_id)
        if existing is not None and existing.stands_by and existing.transport.id != request.transport_id:
            await close_producer(context, existing, SILENT)  # its peer moves to its standby, and sends it anew
        elif existing is not None:
            if existing.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the producer id is already in use")
            return _created(existing)
        repeated = find_repeated(
            context.entities,
            request,
            Producer,
            lambda producer: (producer.transport.id, producer.kind) == (request.transport_id, request.kind),
        )
        if repeated is not None:
            return _created(repeated)
        transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
        transport.require("send")
        context.require_accepting()
        context.limits.check_producers(context.entities, request.room_id, request.peer_id)
        context.quotas.check_incoming_bitrate(request.room_id, time.monotonic())
        paused = request.paused or transport.room.view.is_muted(request.peer_id, source_of(request))
        negotiated = negotiation.produce(
            request.kind,
            request.rtp_parameters,
            transport.room.capabilities,
            cname=transport.cname,
            paused=paused,
            is_microphone=request.is_microphone,
        )
        if isinstance(transport, PlainTransport):
            negotiation.require_ssrcs(negotiated)
        producer = Producer(
            id=request.producer_id,
            core_id=context.entities.next_core_id(),
            transport=transport,
            kind=request.kind,
            request=request,
            spec=negotiated.spec,
            consumable=negotiated.consumable,
            type=negotiated.type,
            paused=paused,
            stands_by=transport.room.view.holds(request.peer_id),
        )
        context.entities.add_producer(producer)
        command = commands.CreateProducer(producer=producer.core_id, transport=transport.core_id, spec=negotiated.spec)
        try:
            await context.call(transport.worker, command)
        except HubbubError:
            context.entities.remove_producer(producer)
            raise
        if producer.is_microphone:
            context.tasks.spawn(share_microphones(context, transport.room), "share-microphones")
        return _created(producer)


async def pause(context: NodeContext, request: PauseProducer) -> Done:
    """Stops forwarding the producer's packets."""
    async with context.locks.of(request.room_id, request.peer_id):
        producer = context.entities.producer(request.room_id, request.peer_id, request.producer_id)
        producer.paused_by_peer = True
        await set_paused(context, producer, paused=True)
        return Done()


async def resume(context: NodeContext, request: ResumeProducer) -> Done:
    """Forwards the producer's packets again. Raises `muted` when a moderator muted its source."""
    async with context.locks.of(request.room_id, request.peer_id):
        producer = context.entities.producer(request.room_id, request.peer_id, request.producer_id)
        # Retryable: a moderator may have lifted the mute, and the change is not here yet.
        muted = HubbubError(ErrorCode.MUTED, "a moderator muted this source", retryable=True)
        if producer.is_muted():
            raise muted
        producer.paused_by_peer = False
        await set_paused(context, producer, paused=False)
        if producer.is_muted():  # meanwhile
            await pause_if_muted(context, producer)
            raise muted
        return Done()


async def close(context: NodeContext, request: CloseProducer) -> Done:
    """Closes a producer at its peer's request."""
    async with context.locks.of(request.room_id, request.peer_id):
        producer = context.entities.producer(request.room_id, request.peer_id, request.producer_id)
        await close_producer(context, producer, SILENT)
        return Done()


def _created(producer: Producer) -> ProducerCreated:
    return ProducerCreated(producer_id=producer.id, paused=producer.paused and not producer.request.paused)
