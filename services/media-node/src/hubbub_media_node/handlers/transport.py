"""Requests for transports."""

from __future__ import annotations

import secrets
import time
from functools import partial

from hubbub_contracts.base import Done
from hubbub_contracts.bus.media import TransportConnected
from hubbub_contracts.bus.transport import (
    CloseTransport,
    ConnectTransport,
    CreateTransport,
    DtlsParameters,
    IceParameters,
    IceRestarted,
    RestartIce,
    SetMaxIncomingBitrate,
    TransportCreated,
)
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import commands
from hubbub_media_core.specs import IceCredentials

from ..domain.candidates import candidates
from ..domain.close_request import DTLS_FAILED
from ..domain.closures import to_owner
from ..domain.entities import WebRtcTransport
from ..domain.fingerprints import select_fingerprints
from ..domain.ports import DtlsRole
from ..domain.repetition import find_repeated
from ..domain.sctp_parameters import SCTP_PARAMETERS
from .closing import close_transport, close_when_left, discard_transport
from .context import NodeContext
from .rooms import router_for


async def create(context: NodeContext, request: CreateTransport) -> TransportCreated:
    """Creates a transport, and with the first one on its worker the router."""
    async with context.locks.of(request.room_id, request.peer_id):
        existing = context.entities.transports.get(request.transport_id)
        if existing is not None:
            if not isinstance(existing, WebRtcTransport) or existing.request != request:
                raise HubbubError(ErrorCode.CONFLICT, "the transport id is already in use")
            return existing.created
        repeated = find_repeated(
            context.entities, request, WebRtcTransport, lambda transport: transport.direction == request.direction
        )
        if repeated is not None:
            return repeated.created
        context.require_accepting()
        context.limits.check_transports(context.entities, request.room_id, request.peer_id)
        context.quotas.check_transports(request.room_id, time.monotonic())
        transport = _add_transport(context, request)
        ice = transport.created.ice_parameters
        command = commands.CreateTransport(
            transport=transport.core_id,
            router=transport.router.core_id,
            ice=IceCredentials(ufrag=ice.username_fragment, pwd=ice.password),
        )
        try:
            await context.call(transport.worker, command)
        except HubbubError:
            discard_transport(context, transport)
            raise
        context.telemetry.transport_created()
        return transport.created


async def connect(context: NodeContext, request: ConnectTransport) -> Done:
    """Sets the client's DTLS parameters and starts the handshake, without waiting for it."""
    async with context.locks.of(request.room_id, request.peer_id):
        transport = _web_rtc(context, request)
        if transport.connected:
            raise HubbubError(ErrorCode.INVALID_STATE, "the transport is already connected")
        fingerprints = select_fingerprints(request.dtls_parameters.fingerprints)
        await context.call(transport.worker, commands.ConnectTransport(transport=transport.core_id))
        transport.connected = True
        # The opposite of the client's role. A client that says `auto` acts as the DTLS client.
        role: DtlsRole = "client" if request.dtls_parameters.role == "server" else "server"
        context.dtls.connect(transport.core_id, role, fingerprints)
        return Done()


async def restart_ice(context: NodeContext, request: RestartIce) -> IceRestarted:
    """Creates new ICE credentials. The old ones stay valid until the client has used the new ones."""
    async with context.locks.of(request.room_id, request.peer_id):
        transport = _web_rtc(context, request)
        ice = _new_credentials()
        await context.call(
            transport.worker,
            commands.RestartIce(
                transport=transport.core_id, ice=IceCredentials(ufrag=ice.username_fragment, pwd=ice.password)
            ),
        )
        transport.ice_username_fragment = ice.username_fragment
        return IceRestarted(ice_parameters=ice)


async def set_max_incoming_bitrate(context: NodeContext, request: SetMaxIncomingBitrate) -> Done:
    """Limits what the client sends over a send transport."""
    async with context.locks.of(request.room_id, request.peer_id):
        transport = _web_rtc(context, request)
        if transport.direction != "send":
            raise HubbubError(ErrorCode.INVALID_STATE, "the client sends nothing over a receive transport")
        command = commands.SetMaxIncomingBitrate(transport=transport.core_id, bitrate=request.bitrate)
        await context.call(transport.worker, command)
        return Done()


async def close(context: NodeContext, request: CloseTransport) -> Done:
    """Closes a transport at its peer's request."""
    async with context.locks.of(request.room_id, request.peer_id):
        transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
        await close_when_left(context, transport)
        return Done()


def _web_rtc(context: NodeContext, request: ConnectTransport | RestartIce | SetMaxIncomingBitrate) -> WebRtcTransport:
    """The peer's transport. Raises `not_found`, and `invalid_state` for a plain transport."""
    transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
    if isinstance(transport, WebRtcTransport):
        return transport
    raise HubbubError(ErrorCode.INVALID_STATE, "this is a plain transport")


def _add_transport(context: NodeContext, request: CreateTransport) -> WebRtcTransport:
    """Adds the transport to the entities, and its router if it is the first one there."""
    router = router_for(context, request.room_id, request.peer_id, request.codec_profile)
    core_id = context.entities.next_core_id()
    fingerprint = context.dtls.open(
        core_id,
        router.worker,
        on_connected=partial(_on_dtls_connected, context, core_id),
        on_failed=partial(_on_dtls_failed, context, core_id),
    )
    _, port = context.core.addresses[router.worker]
    created = TransportCreated(
        ice_parameters=_new_credentials(),
        ice_candidates=candidates(context.candidate_addresses(), port, tcp=context.tcp),
        dtls_parameters=DtlsParameters(role="auto", fingerprints=[fingerprint]),
        sctp_parameters=SCTP_PARAMETERS,
        transport_id=request.transport_id,
    )
    transport = WebRtcTransport(
        id=request.transport_id,
        core_id=core_id,
        router=router,
        peer_id=request.peer_id,
        direction=request.direction,
        request=request,
        created=created,
        cname=secrets.token_hex(8),
        ice_username_fragment=created.ice_parameters.username_fragment,
        held=router.room.view.holds(request.peer_id),
    )
    context.entities.add_transport(transport)
    return transport


def _on_dtls_connected(context: NodeContext, core_id: int) -> None:
    """Reports a transport whose handshake succeeded to its peer's session."""
    context.telemetry.transport_connected()
    transport = context.entities.transport_by_core_id(core_id)
    if isinstance(transport, WebRtcTransport):
        transport.established = True
        context.media_events.publish(to_owner(transport, TransportConnected(transport_id=transport.id)))


def _on_dtls_failed(context: NodeContext, core_id: int) -> None:
    """Closes a transport whose handshake failed (docs/closures.md, row 5)."""
    transport = context.entities.transport_by_core_id(core_id)
    if transport is not None:
        context.tasks.spawn(close_transport(context, transport, DTLS_FAILED), "close-dtls-failed")


def _new_credentials() -> IceParameters:
    """A username fragment of 64 bits and a password of 128 bits; RFC 8445 section 5.3 requires 24 and 128."""
    return IceParameters(username_fragment=secrets.token_hex(8), password=secrets.token_hex(16))
