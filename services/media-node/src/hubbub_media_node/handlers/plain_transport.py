"""Requests for plain transports."""

from __future__ import annotations

import asyncio
import secrets
import time

from hubbub_contracts.base import Done
from hubbub_contracts.bus.plain_transport import ConnectPlainTransport, CreatePlainTransport, PlainTransportCreated
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError, commands
from hubbub_media_core.specs import PlainRemote

from ..domain.close_request import SILENT
from ..domain.entities import PlainTransport
from ..domain.plain_access import PlainAccess
from ..domain.plain_srtp import key_of, new_parameters, profile_of
from .closing import discard_transport
from .context import NodeContext
from .rooms import router_for


async def create(context: NodeContext, request: CreatePlainTransport) -> PlainTransportCreated:
    """Creates a plain transport, and with the first transport on its worker the router."""
    async with context.locks.of(request.room_id, request.peer_id):
        existing = context.entities.transports.get(request.transport_id)
        if existing is not None:
            if not isinstance(existing, PlainTransport) or existing.request != request or existing.created is None:
                raise HubbubError(ErrorCode.CONFLICT, "the transport id is already in use")
            return existing.created
        access = _access(context)
        context.require_accepting()
        context.limits.check_transports(context.entities, request.room_id, request.peer_id)
        context.quotas.check_transports(request.room_id, time.monotonic())
        suite = request.srtp_crypto_suite
        transport = PlainTransport(
            id=request.transport_id,
            core_id=context.entities.next_core_id(),
            router=router_for(context, request.room_id, request.peer_id, request.codec_profile),
            peer_id=request.peer_id,
            cname=secrets.token_hex(8),
            request=request,
            srtp_parameters=None if suite is None else new_parameters(suite),
        )
        context.entities.add_transport(transport)
        command = commands.CreatePlainTransport(
            transport=transport.core_id,
            router=transport.router.core_id,
            rtcp_mux=request.rtcp_mux,
            comedia=request.comedia,
            srtp=suite is not None,
            sources=() if suite is not None else tuple(map(str, access.networks)),
        )
        try:
            port, rtcp_port = await _open(context, transport, command)
        except HubbubError:
            discard_transport(context, transport)
            raise
        except asyncio.CancelledError:
            # Nobody learns the ports.
            transport.close_request = SILENT
            context.core.send(transport.worker, commands.CloseTransport(transport=transport.core_id))
            raise
        transport.created = PlainTransportCreated(
            transport_id=transport.id,
            ip=access.ip,
            port=port,
            rtcp_port=rtcp_port,
            srtp_parameters=transport.srtp_parameters,
        )
        context.telemetry.transport_created()
        return transport.created


async def connect(context: NodeContext, request: ConnectPlainTransport) -> Done:
    """Sets the address and the key of the other side."""
    async with context.locks.of(request.room_id, request.peer_id):
        transport = context.entities.transport(request.room_id, request.peer_id, request.transport_id)
        if not isinstance(transport, PlainTransport):
            raise HubbubError(ErrorCode.INVALID_STATE, "this is a WebRTC transport")
        if transport.connected:
            raise HubbubError(ErrorCode.INVALID_STATE, "the transport is already connected")
        remote = _remote(request, transport, _access(context))
        keys = _keys(request, transport)
        if remote is None and keys is None:
            raise HubbubError(ErrorCode.INVALID_STATE, "with comedia and without SRTP there is nothing to connect")
        # Before the commands: neither can be repeated.
        transport.connected = True
        if keys is not None:
            await context.call(transport.worker, keys)
        if remote is not None:
            command = commands.ConnectPlainTransport(transport=transport.core_id, remote=remote)
            await context.call(transport.worker, command)
        return Done()


def _access(context: NodeContext) -> PlainAccess:
    if context.plain is None:
        raise HubbubError(ErrorCode.UNSUPPORTED, "this media node has no plain transports")
    return context.plain


async def _open(
    context: NodeContext, transport: PlainTransport, command: commands.CreatePlainTransport
) -> tuple[int, int | None]:
    """Returns the ports of RTP and RTCP. A limit of the core is not that of the caller: no port is free."""
    try:
        opened = await context.core.call(transport.worker, command)
    except CoreError as error:
        if error.code == "limit_reached":
            message = "no port of PLAIN_MIN_PORT to PLAIN_MAX_PORT is free"
            raise HubbubError(ErrorCode.UNAVAILABLE, message, retryable=True) from error
        raise context.translated(command, error) from error
    return opened["port"], opened["rtcp_port"]


def _remote(request: ConnectPlainTransport, transport: PlainTransport, access: PlainAccess) -> PlainRemote | None:
    """The address of the other side; None with comedia. Raises `invalid_argument` and `not_allowed`."""
    created = transport.request
    if created.comedia:
        if request.ip is not None or request.port is not None or request.rtcp_port is not None:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip and ports are learned with comedia")
        return None
    if request.ip is None or request.port is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip and port are required without comedia")
    if (request.rtcp_port is None) != created.rtcp_mux:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "rtcpPort is required without rtcp-mux, and only then")
    ip = access.check_remote(request.ip, srtp=created.srtp_crypto_suite is not None)
    return PlainRemote(ip=ip, port=request.port, rtcp_port=request.rtcp_port)


def _keys(request: ConnectPlainTransport, transport: PlainTransport) -> commands.SetSrtpKeys | None:
    """The keys of both sides; None without SRTP. Raises `invalid_argument`."""
    ours, theirs = transport.srtp_parameters, request.srtp_parameters
    if ours is None:
        if theirs is not None:
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, "srtpParameters: the transport was created without SRTP")
        return None
    if theirs is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "srtpParameters are required")
    suite = ours.crypto_suite
    return commands.SetSrtpKeys(
        transport=transport.core_id,
        profile=profile_of(suite),
        outbound=key_of(ours, suite),
        inbound=key_of(theirs, suite),
    )
