"""Statistics of a peer's objects, from the core's counters."""

from __future__ import annotations

import time
from typing import Any

from hubbub_contracts.bus.rtc_stats import ReadObjectStats, ReadRoomTransports
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.rtc_stats import (
    MAX_PIPES,
    InboundStats,
    OutboundStats,
    RoomTransports,
    StatsReport,
    TransportCounters,
    TransportStats,
)
from hubbub_media_core import commands

from ..domain.entities import Consumer, Producer, Transport
from .context import NodeContext
from .room_pipes import pipes_of, with_bitrate
from .transport_counters import read_counters


async def get(context: NodeContext, request: ReadObjectStats) -> StatsReport:
    """Reads the counters of the one object that the request names."""
    entities, room, peer = context.entities, request.room_id, request.peer_id
    if request.transport_id is not None:
        return await _transport(context, entities.transport(room, peer, request.transport_id))
    if request.producer_id is not None:
        return await _producer(context, entities.producer(room, peer, request.producer_id))
    if request.consumer_id is not None:
        return await _consumer(context, entities.consumer(room, peer, request.consumer_id))
    raise HubbubError(ErrorCode.INVALID_ARGUMENT, "exactly one id is required")


async def read_room(context: NodeContext, request: ReadRoomTransports) -> RoomTransports:
    """Reads the counters of all transports and pipes of a room. Transports that close meanwhile are left out."""
    room = context.entities.rooms.get(request.room_id)
    if room is None:
        return RoomTransports(transports=[])
    pipes = list(pipes_of(context, room))
    counted = [
        TransportCounters(
            peer_id=transport.peer_id,
            transport_id=transport.id,
            timestamp=_now(),
            bytes_received=read["bytes_received"],
            bytes_sent=read["bytes_sent"],
            worker=transport.worker,
        )
        for transport in list(room.transports())
        if (read := await read_counters(context, transport)) is not None
    ]
    return RoomTransports(
        transports=counted,
        pipes=[await with_bitrate(context, pipe) for pipe in pipes[:MAX_PIPES]],
        pipes_left_out=max(len(pipes) - MAX_PIPES, 0),
    )


async def _transport(context: NodeContext, transport: Transport) -> StatsReport:
    read = await context.call(transport.worker, commands.TransportStats(transport=transport.core_id))
    rtt = read.get("rtt_us")
    stats = TransportStats(
        transport_id=transport.id,
        timestamp=_now(),
        bytes_received=read["bytes_received"],
        packets_received=read["packets_received"],
        bytes_sent=read["bytes_sent"],
        packets_sent=read["packets_sent"],
        probation_bytes_sent=read["probation_bytes_sent"],
        round_trip_time=None if rtt is None else rtt / 1_000,
        available_outgoing_bitrate=read.get("available_outgoing_bitrate"),
        max_outgoing_bitrate=read.get("max_outgoing_bitrate"),
        allocated_outgoing_bitrate=read.get("allocated_outgoing_bitrate"),
        wanted_outgoing_bitrate=read.get("wanted_outgoing_bitrate"),
        max_incoming_bitrate=read.get("max_incoming_bitrate"),
    )
    return StatsReport(stats=[stats])


async def _producer(context: NodeContext, producer: Producer) -> StatsReport:
    read = await context.call(producer.transport.worker, commands.ProducerStats(producer=producer.core_id))
    return StatsReport(stats=[_inbound(producer, stream, read["key_frame_requests"]) for stream in read["streams"]])


def _inbound(producer: Producer, stream: dict[str, Any], key_frame_requests: int) -> InboundStats:
    return InboundStats(
        timestamp=_now(),
        kind=producer.kind,
        ssrc=stream["ssrc"],
        rid=stream.get("rid"),
        packet_count=stream["packets"],
        byte_count=stream["bytes"],
        bitrate=stream["bitrate"],
        packets_lost=stream["lost"],
        jitter=stream["jitter"],
        nack_packet_count=stream["nacked"],
        packets_repaired=stream["repaired"],
        packets_discarded=stream["dropped"],
        pli_count=key_frame_requests,
        score=stream["score"],
    )


async def _consumer(context: NodeContext, consumer: Consumer) -> StatsReport:
    read = await context.call(consumer.transport.worker, commands.ConsumerStats(consumer=consumer.core_id))
    stats = OutboundStats(
        timestamp=_now(),
        kind=consumer.created.kind,
        ssrc=read["ssrc"],
        packet_count=read["packets"],
        byte_count=read["bytes"],
        bitrate=read["bitrate"],
        packets_lost=read["lost"],
        fraction_lost=read["fraction_lost"],
        jitter=read["jitter"],
        packets_retransmitted=read["retransmitted"],
        pli_count=read["key_frame_requests"],
        score=read["score"],
    )
    return StatsReport(stats=[stats])


def _now() -> int:
    return time.time_ns() // 1_000_000
