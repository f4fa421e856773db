"""Requests about consumers."""

from __future__ import annotations

from typing import Any, cast

from hubbub_contracts.base import Done
from hubbub_contracts.bus.consumer import (
    CloseConsumer,
    ConsumerCreated,
    CreateConsumer,
    PauseConsumer,
    ResumeConsumer,
)
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands

from ..domain import negotiation
from ..domain.closures import ASKED
from ..domain.tables import Consumer, Producer, Transport
from .node import Node


async def create(node: Node, request: CreateConsumer) -> ConsumerCreated:
    """Makes a consumer, paused, on a receive transport."""
    async with node.serial(request.room_id, request.peer_id):
        known = node.tables.consumers.get(request.consumer_id)
        if known is not None:
            if known.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the id of the consumer is taken")
            return known.created
        transport = node.tables.transport(request.room_id, request.peer_id, request.transport_id)
        if transport.direction != "recv":
            raise HubbubError(ErrorCode.INVALID_STATE, "the transport is one to send on")
        producer = _producer(node, transport, request.producer_id)
        node.require_work_taken()
        node.limits.check_consumers(node.tables, request.room_id, request.peer_id)
        consumed = negotiation.consume(
            producer.kind,
            producer.consumable,
            request.rtp_capabilities,
            mid=str(transport.next_mid),
            is_taken=transport.used_ssrcs.__contains__,
        )
        transport.next_mid += 1
        transport.used_ssrcs |= consumed.ssrcs
        consumer = Consumer(
            id=request.consumer_id,
            core_id=node.tables.core_id(),
            transport=transport,
            producer_id=producer.id,
            request=request,
            created=ConsumerCreated(
                kind=producer.kind,
                rtp_parameters=cast("dict[str, Any]", consumed.parameters),
                type=producer.type,
                producer_paused=producer.paused,
            ),
        )
        node.tables.add_consumer(consumer)
        command = commands.CreateConsumer(
            consumer=consumer.core_id,
            transport=transport.core_id,
            producer=producer.core_id,
            spec=consumed.spec,
        )
        try:
            await node.call(transport.room.worker, command)
        except HubbubError:
            node.tables.forget_consumer(consumer)
            raise
        return consumer.created


async def pause(node: Node, request: PauseConsumer) -> Done:
    """Stops sending."""
    async with node.serial(request.room_id, request.peer_id):
        consumer = node.tables.consumer(request.room_id, request.peer_id, request.consumer_id)
        await node.call(consumer.transport.room.worker, commands.PauseConsumer(consumer=consumer.core_id))
        consumer.paused = True
        return Done()


async def resume(node: Node, request: ResumeConsumer) -> Done:
    """Sends (again)."""
    async with node.serial(request.room_id, request.peer_id):
        consumer = node.tables.consumer(request.room_id, request.peer_id, request.consumer_id)
        await node.call(consumer.transport.room.worker, commands.ResumeConsumer(consumer=consumer.core_id))
        consumer.paused = False
        return Done()


async def close(node: Node, request: CloseConsumer) -> Done:
    """Closes a consumer because its peer asked for it."""
    async with node.serial(request.room_id, request.peer_id):
        consumer = node.tables.consumer(request.room_id, request.peer_id, request.consumer_id)
        consumer.closing = ASKED
        await node.call(consumer.transport.room.worker, commands.CloseConsumer(consumer=consumer.core_id))
        return Done()


def _producer(node: Node, transport: Transport, producer_id: str) -> Producer:
    """The producer, of whichever peer of the same room. The asker's view of the room may be ahead, or behind."""
    producer = node.tables.producers.get(producer_id)
    if producer is None or producer.transport.room is not transport.room:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer here", retryable=True)
    return producer
