"""Requests about producers."""

from __future__ import annotations

from hubbub_contracts.base import Done
from hubbub_contracts.bus.producer import CloseProducer, CreateProducer, PauseProducer, ResumeProducer
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands

from ..domain import negotiation
from ..domain.closures import ASKED
from ..domain.tables import Closing, Producer
from .node import Node


async def create(node: Node, request: CreateProducer) -> Done:
    """Makes a producer on a send transport."""
    async with node.serial(request.room_id, request.peer_id):
        known = node.tables.producers.get(request.producer_id)
        if known is not None:
            if known.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the id of the producer is taken")
            return Done()
        transport = node.tables.transport(request.room_id, request.peer_id, request.transport_id)
        if transport.direction != "send":
            raise HubbubError(ErrorCode.INVALID_STATE, "the transport is one to receive on")
        node.require_work_taken()
        node.limits.check_producers(node.tables, request.room_id, request.peer_id)
        produced = negotiation.produce(
            request.kind,
            request.rtp_parameters,
            transport.room.capabilities,
            cname=transport.cname,
            paused=request.paused,
        )
        producer = Producer(
            id=request.producer_id,
            core_id=node.tables.core_id(),
            transport=transport,
            kind=request.kind,
            request=request,
            consumable=produced.consumable,
            type=produced.type,
            paused=request.paused,
        )
        node.tables.add_producer(producer)
        command = commands.CreateProducer(producer=producer.core_id, transport=transport.core_id, spec=produced.spec)
        try:
            await node.call(transport.room.worker, command)
        except HubbubError:
            node.tables.forget_producer(producer)
            raise
        return Done()


async def pause(node: Node, request: PauseProducer) -> Done:
    """Stops forwarding."""
    async with node.serial(request.room_id, request.peer_id):
        producer = node.tables.producer(request.room_id, request.peer_id, request.producer_id)
        await node.call(producer.transport.room.worker, commands.PauseProducer(producer=producer.core_id))
        producer.paused = True
        return Done()


async def resume(node: Node, request: ResumeProducer) -> Done:
    """Forwards again."""
    async with node.serial(request.room_id, request.peer_id):
        producer = node.tables.producer(request.room_id, request.peer_id, request.producer_id)
        await node.call(producer.transport.room.worker, commands.ResumeProducer(producer=producer.core_id))
        producer.paused = False
        return Done()


async def close(node: Node, request: CloseProducer) -> Done:
    """Closes a producer because its peer asked for it."""
    async with node.serial(request.room_id, request.peer_id):
        producer = node.tables.producer(request.room_id, request.peer_id, request.producer_id)
        await close_producer(node, producer, ASKED)
        return Done()


async def close_producer(node: Node, producer: Producer, closing: Closing) -> None:
    """Has the core close a producer; what it says then is in `events`. One that is gone already is passed over."""
    if producer.closing is not None:
        return
    producer.closing = closing
    try:
        await node.core.call(producer.transport.room.worker, commands.CloseProducer(producer=producer.core_id))
    except CoreError as error:
        if error.code != "not_found":
            producer.closing = None
            raise HubbubError(ErrorCode.UNAVAILABLE, f"close_producer: {error.code}", retryable=True) from error
