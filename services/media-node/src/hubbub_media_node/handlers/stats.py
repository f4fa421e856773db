"""Statistics of a peer's objects, from the core's counters."""

from __future__ import annotations

import time
from collections.abc import Iterable
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
from hubbub_ortc.types import RtpCodecParameters

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
    stats = TransportStats(
        transport_id=transport.id,
        timestamp=_now(),
        bytes_received=read["bytes_received"],
        packets_received=read["packets_received"],
        bytes_sent=read["bytes_sent"],
        packets_sent=read["packets_sent"],
        probation_bytes_sent=read["probation_bytes_sent"],
        round_trip_time=_round_trip(read),
        available_outgoing_bitrate=read.get("available_outgoing_bitrate"),
        max_outgoing_bitrate=read.get("max_outgoing_bitrate"),
        allocated_outgoing_bitrate=read.get("allocated_outgoing_bitrate"),
        wanted_outgoing_bitrate=read.get("wanted_outgoing_bitrate"),
        max_incoming_bitrate=read.get("max_incoming_bitrate"),
    )
    return StatsReport(stats=[stats])


async def _producer(context: NodeContext, producer: Producer) -> StatsReport:
    read = await context.call(producer.transport.worker, commands.ProducerStats(producer=producer.core_id))
    return StatsReport(stats=[_inbound(producer, read, stream) for stream in read["streams"]])


def _inbound(producer: Producer, read: dict[str, Any], stream: dict[str, Any]) -> InboundStats:
    return InboundStats(
        timestamp=_now(),
        kind=producer.kind,
        mime_type=_mime_type(producer.consumable["codecs"]),
        ssrc=stream["ssrc"],
        rtx_ssrc=stream.get("rtx_ssrc"),
        rid=stream.get("rid"),
        packet_count=stream["packets"],
        byte_count=stream["bytes"],
        bitrate=stream["bitrate"],
        packets_lost=stream["lost"],
        jitter=stream["jitter"],
        nack_count=stream["nacks"],
        nack_packet_count=stream["nacked"],
        packets_repaired=stream["repaired"],
        packets_discarded=stream["dropped"],
        pli_count=read["plis"],
        fir_count=read["firs"],
        round_trip_time=_round_trip(read),
        score=stream["score"],
    )


async def _consumer(context: NodeContext, consumer: Consumer) -> StatsReport:
    read = await context.call(consumer.transport.worker, commands.ConsumerStats(consumer=consumer.core_id))
    stats = OutboundStats(
        timestamp=_now(),
        kind=consumer.created.kind,
        mime_type=_mime_type(consumer.created.rtp_parameters["codecs"]),
        ssrc=read["ssrc"],
        rtx_ssrc=read.get("rtx_ssrc"),
        packet_count=read["packets"],
        byte_count=read["bytes"],
        bitrate=read["bitrate"],
        packets_lost=read["lost"],
        fraction_lost=read["fraction_lost"],
        jitter=read["jitter"],
        packets_retransmitted=read["retransmitted"],
        nack_count=read["nacks"],
        nack_packet_count=read["nacked"],
        pli_count=read["plis"],
        fir_count=read["firs"],
        round_trip_time=_round_trip(read),
        score=read["score"],
    )
    return StatsReport(stats=[stats])


def _mime_type(codecs: Iterable[RtpCodecParameters]) -> str | None:
    """The only media codec; None when there are several, of which each packet may have another one."""
    media = [codec["mimeType"] for codec in codecs if not codec["mimeType"].lower().endswith("/rtx")]
    return media[0] if len(media) == 1 else None


def _round_trip(read: dict[str, Any]) -> float | None:
    """Milliseconds."""
    rtt = read.get("rtt_us")
    return None if rtt is None else rtt / 1_000


def _now() -> int:
    return time.time_ns() // 1_000_000
