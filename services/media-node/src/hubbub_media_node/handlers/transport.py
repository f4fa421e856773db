"""Requests about transports."""

from __future__ import annotations

import logging
import secrets

from hubbub_contracts.base import Done
from hubbub_contracts.bus.transport import (
    CloseTransport,
    ConnectTransport,
    CreateTransport,
    DtlsParameters,
    IceParameters,
    IceRestarted,
    RestartIce,
    TransportCreated,
)
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands
from hubbub_media_core.specs import IceCredentials

from ..domain.candidates import candidates
from ..domain.closures import ASKED
from ..domain.fingerprints import acceptable
from ..domain.placement import least_loaded
from ..domain.ports import DtlsRole
from ..domain.profiles import router_capabilities
from ..domain.sctp import PARAMETERS
from ..domain.tables import Closing, Room, Transport
from .node import Node

log = logging.getLogger(__name__)


async def create(node: Node, request: CreateTransport) -> TransportCreated:
    """Makes a transport, and its room's router with the first one."""
    async with node.serial(request.room_id, request.peer_id):
        known = node.tables.transports.get(request.transport_id)
        if known is not None:
            if known.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the id of the transport is taken")
            return known.created
        node.require_work_taken()
        node.limits.check_transports(node.tables, request.room_id, request.peer_id)
        transport = _enter(node, request)
        ice = transport.created.ice_parameters
        command = commands.CreateTransport(
            transport=transport.core_id,
            router=transport.room.router,
            ice=IceCredentials(ufrag=ice.username_fragment, pwd=ice.password),
        )
        try:
            await node.call(transport.room.worker, command)
        except HubbubError:
            forget(node, transport)
            raise
        node.watcher.transport_created()
        return transport.created


async def connect(node: Node, request: ConnectTransport) -> Done:
    """Hands the client's DTLS parameters over; the handshake goes on by itself."""
    async with node.serial(request.room_id, request.peer_id):
        transport = node.tables.transport(request.room_id, request.peer_id, request.transport_id)
        if transport.connected:
            raise HubbubError(ErrorCode.INVALID_STATE, "the transport is connected already")
        fingerprints = acceptable(request.dtls_parameters.fingerprints)
        await node.call(transport.room.worker, commands.ConnectTransport(transport=transport.core_id))
        transport.connected = True
        # We act by the other role than the client; one that leaves it open is taken for the DTLS client.
        role: DtlsRole = "client" if request.dtls_parameters.role == "server" else "server"
        node.dtls.connect(transport.core_id, role, fingerprints)
        return Done()


async def restart_ice(node: Node, request: RestartIce) -> IceRestarted:
    """New credentials; those in use stay valid until the client has used the new ones."""
    async with node.serial(request.room_id, request.peer_id):
        transport = node.tables.transport(request.room_id, request.peer_id, request.transport_id)
        ice = _credentials()
        await node.call(
            transport.room.worker,
            commands.RestartIce(
                transport=transport.core_id, ice=IceCredentials(ufrag=ice.username_fragment, pwd=ice.password)
            ),
        )
        return IceRestarted(ice_parameters=ice)


async def close(node: Node, request: CloseTransport) -> Done:
    """Closes a transport because its peer asked for it."""
    async with node.serial(request.room_id, request.peer_id):
        transport = node.tables.transport(request.room_id, request.peer_id, request.transport_id)
        await close_transport(node, transport, ASKED)
        return Done()


async def close_transport(node: Node, transport: Transport, closing: Closing) -> None:
    """Has the core close a transport; what it says then is in `events`. One that is gone already is passed over."""
    if transport.closing is not None:
        return
    transport.closing = closing
    try:
        await node.core.call(transport.room.worker, commands.CloseTransport(transport=transport.core_id))
    except CoreError as error:
        if error.code != "not_found":
            transport.closing = None
            raise HubbubError(ErrorCode.UNAVAILABLE, f"close_transport: {error.code}", retryable=True) from error


def forget(node: Node, transport: Transport) -> None:
    """Takes out of the tables what the core has not, or not any more, and what hung on it here."""
    node.dtls.close(transport.core_id)
    emptied = node.tables.forget_transport(transport)
    if emptied is not None:
        drop_room(node, emptied)


def drop_room(node: Node, room: Room) -> None:
    """The room has no transport left."""
    node.feeds.leave(room.id)
    try:
        node.core.send(room.worker, commands.CloseRouter(router=room.router))
    except CoreError as error:
        log.warning("an empty router stays: %s", error)


def _enter(node: Node, request: CreateTransport) -> Transport:
    """Enters the transport, and its room when it is the first there."""
    room = node.tables.rooms.get(request.room_id)
    if room is None:
        room = _make_room(node, request.room_id, request.codec_profile)
    elif room.codec_profile != request.codec_profile:
        raise HubbubError(ErrorCode.CONFLICT, "the room has another codec profile here")
    core_id = node.tables.core_id()
    fingerprint = node.dtls.open(core_id, room.worker)
    _, port = node.core.addresses[room.worker]
    created = TransportCreated(
        ice_parameters=_credentials(),
        ice_candidates=candidates(node.addresses, port, tcp=node.tcp),
        dtls_parameters=DtlsParameters(role="auto", fingerprints=[fingerprint]),
        sctp_parameters=PARAMETERS,
    )
    transport = Transport(
        id=request.transport_id,
        core_id=core_id,
        room=room,
        peer_id=request.peer_id,
        direction=request.direction,
        request=request,
        created=created,
        cname=secrets.token_hex(8),
    )
    node.tables.add_transport(transport)
    return transport


def _make_room(node: Node, room_id: str, profile: str) -> Room:
    capabilities = router_capabilities(profile)
    worker = least_loaded(node.load.cpu(), node.tables.rooms_on(len(node.core.addresses)), node.rooms_made)
    room = Room(
        id=room_id, worker=worker, router=node.tables.core_id(), codec_profile=profile, capabilities=capabilities
    )
    try:
        node.core.send(worker, commands.CreateRouter(router=room.router))
    except CoreError as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"create_router: {error.code}", retryable=True) from error
    node.rooms_made += 1
    node.tables.add_room(room)
    node.feeds.follow(room_id)
    return room


def _credentials() -> IceParameters:
    """64 bits name the transport, 128 are its secret (RFC 8445 section 5.3 asks for 24 and 128)."""
    return IceParameters(username_fragment=secrets.token_hex(8), password=secrets.token_hex(16))
