"""Producers of a client: made on its node, then told to the room."""

from __future__ import annotations

import contextlib

from hubbub_contracts import Done, HubbubError
from hubbub_contracts.bus import producer
from hubbub_contracts.socket import producer as socket

from ..domain.pushes import listed_producers
from .session import Session


async def produce(session: Session, call: socket.Produce) -> socket.Produced:
    """Makes the producer on the node, then registers it; when that is refused, closes it again."""
    member, backend = session.member, session.office.backend
    session.holdings.transport(call.transport_id, "send")
    placement, producer_id = member.placement, session.mint()
    await backend.node(
        placement,
        producer.CreateProducer(
            room_id=member.room_id,
            peer_id=member.peer_id,
            transport_id=call.transport_id,
            producer_id=producer_id,
            kind=call.kind,
            rtp_parameters=call.rtp_parameters,
            paused=call.paused,
        ),
    )
    session.holdings.producers[producer_id] = call.transport_id
    try:
        await backend.registry(
            producer.AddProducer(
                room_id=member.room_id,
                peer_id=member.peer_id,
                producer_id=producer_id,
                kind=call.kind,
                app_data=call.app_data,
                paused=call.paused,
                placement=placement,
            )
        )
    except HubbubError:
        session.holdings.producers.pop(producer_id, None)
        undo = producer.CloseProducer(room_id=member.room_id, peer_id=member.peer_id, producer_id=producer_id)
        # A node that cannot be told closes by itself what the room's feed never confirms.
        with contextlib.suppress(HubbubError):
            await backend.node(placement, undo)
        raise
    return socket.Produced(id=producer_id)


async def close_producer(session: Session, call: socket.CloseProducer) -> Done:
    """Closes the producer on the node, then takes it out of the room."""
    member, backend = session.member, session.office.backend
    session.holdings.producer(call.producer_id)
    await backend.node(
        member.placement,
        producer.CloseProducer(room_id=member.room_id, peer_id=member.peer_id, producer_id=call.producer_id),
    )
    session.holdings.producers.pop(call.producer_id, None)
    await backend.registry(
        producer.RemoveProducers(room_id=member.room_id, peer_id=member.peer_id, producer_ids=[call.producer_id])
    )
    return Done()


async def pause_producer(session: Session, call: socket.PauseProducer) -> Done:
    """Stops forwarding, then tells the room."""
    member = session.member
    session.holdings.producer(call.producer_id)
    await session.office.backend.node(
        member.placement,
        producer.PauseProducer(room_id=member.room_id, peer_id=member.peer_id, producer_id=call.producer_id),
    )
    return await _tell_paused(session, call.producer_id, paused=True)


async def resume_producer(session: Session, call: socket.ResumeProducer) -> Done:
    """Forwards again, then tells the room."""
    member = session.member
    session.holdings.producer(call.producer_id)
    await session.office.backend.node(
        member.placement,
        producer.ResumeProducer(room_id=member.room_id, peer_id=member.peer_id, producer_id=call.producer_id),
    )
    return await _tell_paused(session, call.producer_id, paused=False)


async def get_producers(session: Session, _call: socket.GetProducers) -> socket.Producers:
    """All producers of the room but one's own, as this instance knows it."""
    member = session.member
    return socket.Producers(producers=listed_producers(member.hub.view.peers, member.peer_id))


async def _tell_paused(session: Session, producer_id: str, *, paused: bool) -> Done:
    member = session.member
    await session.office.backend.registry(
        producer.SetProducerPaused(
            room_id=member.room_id, peer_id=member.peer_id, producer_id=producer_id, paused=paused
        )
    )
    return Done()
