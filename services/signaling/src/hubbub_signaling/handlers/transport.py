"""Handlers for a client's transports."""

from __future__ import annotations

import contextlib

from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus import transport
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.socket import transport as socket

from ..domain.owned_resources import OwnedTransport
from ..domain.peer_nodes import nodes_of
from .context import RequestContext
from .standby import choose_standby, end_standby, give_up_standby, require_standby


async def create_transport(context: RequestContext, request: socket.CreateTransport) -> socket.TransportReady:
    """Creates a transport on the node that hosts the peer, the new one while it moves, or on its standby."""
    membership = context.membership
    room = membership.hub.view.room
    if room is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room does not exist any more")
    placement, requested_id = await _home(context, request), context.new_id()
    create = transport.CreateTransport(
        room_id=membership.room_id,
        peer_id=membership.peer_id,
        transport_id=requested_id,
        direction=request.direction,
        codec_profile=room.codec_profile,
        rtp_capabilities=membership.rtp_capabilities,
        sctp_capabilities=request.sctp_capabilities,
        operation_id=request.operation_id or None,
    )
    try:
        created = await context.backend.node(placement, create)
    except HubbubError as error:
        if request.home == "standby" and not error.retryable:
            give_up_standby(context, placement)
        raise
    transport_id = created.transport_id or requested_id
    if request.home == "standby":
        await _adopt_standby(context, transport_id, placement)
    elif placement not in nodes_of(membership.record):
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
        home="standby" if request.home == "standby" else None,
    )


async def _home(context: RequestContext, request: socket.CreateTransport) -> Placement:
    """The node for the transport. Raises HubbubError, `invalid_state` when there is no such home now."""
    if request.home == "standby":
        return await choose_standby(context, request.direction)
    if request.home == "next" and context.membership.record.leaving is None:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer does not move to another media node")
    return context.membership.placement


async def _adopt_standby(context: RequestContext, transport_id: str, placement: Placement) -> None:
    """The client has a transport on its standby. Closes it and raises HubbubError when that has ended meanwhile."""
    try:
        require_standby(context, placement)
    except HubbubError:
        membership = context.membership
        close = transport.CloseTransport(
            room_id=membership.room_id, peer_id=membership.peer_id, transport_id=transport_id
        )
        with contextlib.suppress(HubbubError):
            await context.close_on_node(placement, close)
        raise
    context.resources.standby = placement


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
    """Closes the transport on the node, and has its producers removed from the room as soon as the registry answers.

    A node that does not answer delays nothing. With a transport of the standby, the standby ends.
    """
    membership = context.membership
    placement = context.resources.require_transport(request.transport_id)
    await context.close_unlisted(
        placement,
        transport.CloseTransport(
            room_id=membership.room_id, peer_id=membership.peer_id, transport_id=request.transport_id
        ),
    )
    if context.resources.is_on_standby(request.transport_id):
        end_standby(context, "other", closed_by_client=request.transport_id)
        return Done()
    if removed := context.resources.remove_transport(request.transport_id):
        context.outbox.enqueue(
            RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=removed)
        )
    return Done()
