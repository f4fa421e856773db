"""Handlers for a client's transports."""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import transport
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.socket import transport as socket

from ..domain.owned_resources import OwnedTransport
from ..domain.peer_nodes import nodes_of
from .context import RequestContext


async def create_transport(context: RequestContext, request: socket.CreateTransport) -> socket.TransportReady:
    """Creates a transport on the node that hosts the peer: the new one, while it moves."""
    membership = context.membership
    room = membership.hub.view.room
    if room is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room does not exist any more")
    if request.home == "next" and membership.record.leaving is None:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer does not move to another media node")
    placement, requested_id = membership.placement, context.new_id()
    created = await context.backend.node(
        placement,
        transport.CreateTransport(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            transport_id=requested_id,
            direction=request.direction,
            codec_profile=room.codec_profile,
            rtp_capabilities=membership.rtp_capabilities,
            sctp_capabilities=request.sctp_capabilities,
            operation_id=request.operation_id or None,
        ),
    )
    transport_id = created.transport_id or requested_id
    if placement not in nodes_of(membership.record):
        raise HubbubError(ErrorCode.UNAVAILABLE, "the peer was moved to another media node", retryable=True)
    context.resources.transports[transport_id] = OwnedTransport(request.direction, placement)
    return socket.TransportReady(
        id=transport_id,
        ice_parameters=created.ice_parameters,
        ice_candidates=created.ice_candidates,
        dtls_parameters=created.dtls_parameters,
        sctp_parameters=created.sctp_parameters,
        ice_servers=context.ice_servers(membership.peer_id),
        ice_transport_policy=context.settings.ice_servers.policy,
    )


async def connect_transport(context: RequestContext, request: socket.ConnectTransport) -> Done:
    """Sends the client's DTLS parameters to the node, which answers before the handshake."""
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id)
    return await context.backend.node(
        placement,
        transport.ConnectTransport(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            transport_id=request.transport_id,
            dtls_parameters=request.dtls_parameters,
        ),
    )


async def restart_ice(context: RequestContext, request: socket.RestartIce) -> socket.IceRestarted:
    """Restarts ICE: the node generates new credentials."""
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id)
    restarted = await context.backend.node(
        placement,
        transport.RestartIce(room_id=membership.room_id, peer_id=membership.peer_id, transport_id=request.transport_id),
    )
    return socket.IceRestarted(
        ice_parameters=restarted.ice_parameters, ice_servers=context.ice_servers(membership.peer_id)
    )


async def set_max_incoming_bitrate(context: RequestContext, request: socket.SetMaxIncomingBitrate) -> Done:
    """Limits what the client sends."""
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id, "send")
    return await context.backend.node(
        placement,
        transport.SetMaxIncomingBitrate(
            room_id=membership.room_id,
            peer_id=membership.peer_id,
            transport_id=request.transport_id,
            bitrate=request.bitrate,
        ),
    )


async def close_transport(context: RequestContext, request: socket.CloseTransport) -> Done:
    """Closes the transport on the node, and has its producers removed from the room as soon as the registry answers."""
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id)
    await context.close_on_node(
        placement,
        transport.CloseTransport(
            room_id=membership.room_id, peer_id=membership.peer_id, transport_id=request.transport_id
        ),
    )
    if removed := context.resources.remove_transport(request.transport_id):
        context.outbox.enqueue(
            RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=removed)
        )
    return Done()
