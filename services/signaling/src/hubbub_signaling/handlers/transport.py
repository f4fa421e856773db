"""Transports of a client: made, connected, restarted and closed on its node."""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import transport
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.socket import transport as socket

from .session import Session


async def create_transport(session: Session, call: socket.CreateTransport) -> socket.TransportReady:
    """Makes a transport on the node that holds the peer."""
    member, office = session.member, session.office
    settings = member.hub.view.room
    if settings is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room is gone")
    placement = member.placement
    transport_id = session.mint()
    created = await office.backend.node(
        placement,
        transport.CreateTransport(
            room_id=member.room_id,
            peer_id=member.peer_id,
            transport_id=transport_id,
            direction=call.direction,
            codec_profile=settings.codec_profile,
            rtp_capabilities=member.rtp_capabilities,
            sctp_capabilities=call.sctp_capabilities,
        ),
    )
    if member.record.placement != placement:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the peer has moved to another node meanwhile", retryable=True)
    session.holdings.transports[transport_id] = call.direction
    return socket.TransportReady(
        id=transport_id,
        ice_parameters=created.ice_parameters,
        ice_candidates=created.ice_candidates,
        dtls_parameters=created.dtls_parameters,
        sctp_parameters=created.sctp_parameters,
        ice_servers=office.ice_servers(member.peer_id),
        ice_transport_policy=office.settings.ice_servers.policy,
    )


async def connect_transport(session: Session, call: socket.ConnectTransport) -> Done:
    """Hands the client's DTLS parameters to the node, which answers before the handshake."""
    member = session.member
    session.holdings.transport(call.transport_id)
    return await session.office.backend.node(
        member.placement,
        transport.ConnectTransport(
            room_id=member.room_id,
            peer_id=member.peer_id,
            transport_id=call.transport_id,
            dtls_parameters=call.dtls_parameters,
        ),
    )


async def restart_ice(session: Session, call: socket.RestartIce) -> socket.IceRestarted:
    """New ICE credentials."""
    member, office = session.member, session.office
    session.holdings.transport(call.transport_id)
    restarted = await office.backend.node(
        member.placement,
        transport.RestartIce(room_id=member.room_id, peer_id=member.peer_id, transport_id=call.transport_id),
    )
    return socket.IceRestarted(ice_parameters=restarted.ice_parameters, ice_servers=office.ice_servers(member.peer_id))


async def close_transport(session: Session, call: socket.CloseTransport) -> Done:
    """Closes a transport on the node, and takes its producers out of the room."""
    member, backend = session.member, session.office.backend
    session.holdings.transport(call.transport_id)
    await backend.node(
        member.placement,
        transport.CloseTransport(room_id=member.room_id, peer_id=member.peer_id, transport_id=call.transport_id),
    )
    if gone := session.holdings.drop_transport(call.transport_id):
        await backend.registry(RemoveProducers(room_id=member.room_id, peer_id=member.peer_id, producer_ids=gone))
    return Done()
