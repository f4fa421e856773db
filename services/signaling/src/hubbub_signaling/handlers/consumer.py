"""Consumers of a client."""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import consumer
from hubbub_contracts.socket import consumer as socket

from ..domain.holdings import HeldConsumer
from .session import Session


async def consume(session: Session, call: socket.Consume) -> socket.Consumed:
    """Makes a consumer, paused, of a producer that this instance's view of the room knows."""
    member = session.member
    session.holdings.transport(call.transport_id, "recv")
    found = member.hub.view.producer(call.producer_id)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer in this room", retryable=True)
    capabilities = call.rtp_capabilities or member.rtp_capabilities
    if capabilities is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "rtpCapabilities: needed, those of the join are not known")
    consumer_id = session.mint()
    created = await session.office.backend.node(
        member.placement,
        consumer.CreateConsumer(
            room_id=member.room_id,
            peer_id=member.peer_id,
            transport_id=call.transport_id,
            producer_id=call.producer_id,
            consumer_id=consumer_id,
            rtp_capabilities=capabilities,
        ),
    )
    session.holdings.consumers[consumer_id] = HeldConsumer(call.transport_id, call.producer_id)
    return socket.Consumed(
        id=consumer_id,
        producer_id=call.producer_id,
        kind=created.kind,
        rtp_parameters=created.rtp_parameters,
        type=created.type,
        producer_paused=created.producer_paused,
        app_data=found[1].app_data,
    )


async def resume_consumer(session: Session, call: socket.ResumeConsumer) -> Done:
    """Media flows."""
    member = session.member
    session.holdings.consumer(call.consumer_id)
    return await session.office.backend.node(
        member.placement,
        consumer.ResumeConsumer(room_id=member.room_id, peer_id=member.peer_id, consumer_id=call.consumer_id),
    )


async def pause_consumer(session: Session, call: socket.PauseConsumer) -> Done:
    """Media stops."""
    member = session.member
    session.holdings.consumer(call.consumer_id)
    return await session.office.backend.node(
        member.placement,
        consumer.PauseConsumer(room_id=member.room_id, peer_id=member.peer_id, consumer_id=call.consumer_id),
    )


async def close_consumer(session: Session, call: socket.CloseConsumer) -> Done:
    """Receives no longer."""
    member = session.member
    session.holdings.consumer(call.consumer_id)
    await session.office.backend.node(
        member.placement,
        consumer.CloseConsumer(room_id=member.room_id, peer_id=member.peer_id, consumer_id=call.consumer_id),
    )
    session.holdings.consumers.pop(call.consumer_id, None)
    return Done()
