"""Coming into a room, leaving it, and taking a session over."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from typing import Any

from hubbub_contracts import Done, ErrorCode, HubbubError, ids
from hubbub_contracts.bus import node, peer, room
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.socket import room as socket

from ..domain.holdings import HeldConsumer
from ..domain.ports import Subscription
from ..domain.pushes import peer_infos, producer_info
from ..domain.session_state import State, Step
from .room_hub import RoomHub
from .session import Member, Session

_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,344})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]*)", re.ASCII)
"""Room, peer and secret."""


async def create_room(session: Session, call: socket.CreateRoom) -> socket.RoomReady:
    """Makes the room, or finds it."""
    created = await session.office.backend.registry(room.CreateRoom(call_id=call.call_id))
    return socket.RoomReady(call_id=created.call_id, rtp_capabilities=created.rtp_capabilities)


async def join_room(session: Session, call: socket.JoinRoom) -> socket.RoomJoined:
    """Enters the room; whatever goes wrong halfway is undone."""
    office = session.office
    room_id, peer_id = ids.room_id(call.call_id), ids.mint()
    secret = secrets.token_urlsafe(24) if call.resumable else None
    request = peer.JoinRoom(
        room_id=room_id,
        peer_id=peer_id,
        user_id=call.user_id,
        display_name=call.user_id if call.display_name is None else call.display_name,
        app_data=call.app_data,
        signaling_id=office.settings.signaling_id,
        resume_digest=_digest(secret) if secret else None,
    )
    try:
        member = await _enter(session, room_id, peer_id, request, call.rtp_capabilities, secret)
    except HubbubError as error:
        if error.retryable or error.code is ErrorCode.DEADLINE_EXCEEDED:
            office.depart(room_id, peer_id, "left")
        raise
    except BaseException:
        office.depart(room_id, peer_id, "left")
        raise
    view = member.hub.view
    return socket.RoomJoined(
        peer_id=peer_id,
        peers=peer_infos(view.peers, peer_id),
        revision=view.revision,
        ice_servers=office.ice_servers(peer_id),
        resume_token=_token(member),
    )


async def leave_room(session: Session, _call: socket.LeaveRoom) -> Done:
    """Leaves; the registry is told as soon as it can be."""
    await session.office.left(session)
    return Done()


async def resume(session: Session, call: socket.Resume) -> socket.SessionResumed:
    """Takes a peer over from the socket, or the instance, that served it."""
    office = session.office
    room_id, peer_id, secret = _read_token(call.resume_token)
    former = office.former(peer_id)
    remembered = former.member.rtp_capabilities if former else None
    claim = peer.ClaimPeer(
        room_id=room_id, peer_id=peer_id, signaling_id=office.settings.signaling_id, resume_secret=secret
    )
    try:
        member = await _enter(session, room_id, peer_id, claim, remembered or call.rtp_capabilities, secret)
    except HubbubError as error:
        if error.retryable or error.code is ErrorCode.DEADLINE_EXCEEDED:
            office.doubt(room_id, peer_id)
        raise
    except BaseException:
        office.doubt(room_id, peer_id)
        raise
    held = await _describe(session, member)
    member.rtp_capabilities = member.rtp_capabilities or held.rtp_capabilities
    holdings = session.holdings
    holdings.transports = {one.transport_id: one.direction for one in held.transports}
    holdings.producers = {one.producer_id: one.transport_id for one in held.producers}
    holdings.consumers = {one.consumer_id: HeldConsumer(one.transport_id, one.producer_id) for one in held.consumers}
    recorded = member.record.producers
    if gone := [one.producer_id for one in recorded if one.producer_id not in holdings.producers]:
        office.later(RemoveProducers(room_id=room_id, peer_id=peer_id, producer_ids=gone))
    view = member.hub.view
    return socket.SessionResumed(
        peer_id=peer_id,
        peers=peer_infos(view.peers, peer_id),
        revision=view.revision,
        ice_servers=office.ice_servers(peer_id),
        resume_token=call.resume_token,
        transports=[socket.ResumedTransport(transport_id=i, direction=d) for i, d in holdings.transports.items()],
        producers=[producer_info(one) for one in recorded if one.producer_id in holdings.producers],
        consumers=[
            socket.ResumedConsumer(consumer_id=one.consumer_id, producer_id=one.producer_id, paused=one.paused)
            for one in held.consumers
        ],
    )


async def _enter(
    session: Session,
    room_id: str,
    peer_id: str,
    request: peer.JoinRoom | peer.ClaimPeer,
    rtp_capabilities: dict[str, Any] | None,
    secret: str | None,
) -> Member:
    """Listens first, then asks; from the snapshot on, the session follows the room."""
    office = session.office
    session.state.move(Step.JOIN)
    hub: RoomHub | None = None
    notices: Subscription | None = None
    try:
        hub = await office.hubs.hold(room_id)
        notices = await office.backend.listen(room_id, peer_id, session.on_notice)
        snapshot: RoomSnapshot = await office.backend.registry(request)
        if session.state.current is not State.JOINING:
            # Python 3.11 may lose a cancellation that comes together with the answer.
            raise asyncio.CancelledError
        hub.adopt(snapshot)
        if peer_id not in hub.view.peers:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the room has changed meanwhile; join again", retryable=True)
    except BaseException:
        if session.state.current is State.JOINING:
            session.state.move(Step.REFUSED)
        if notices is not None:
            with contextlib.suppress(HubbubError):
                await notices.stop()
        if hub is not None:
            await office.hubs.let_go(hub)
        raise
    member = Member(hub, peer_id, rtp_capabilities, secret, notices)
    session.enter(member)
    office.serves(session)
    return member


async def _describe(session: Session, member: Member) -> node.PeerDescription:
    """What the peer's node holds of it; nothing, when that node is gone."""
    try:
        return await session.office.backend.node(
            member.placement, node.DescribePeer(room_id=member.room_id, peer_id=member.peer_id)
        )
    except HubbubError as error:
        if error.code is not ErrorCode.UNAVAILABLE:
            raise
        return node.PeerDescription(transports=[], producers=[], consumers=[])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(member: Member) -> str | None:
    return f"{member.room_id}.{member.peer_id}.{member.resume_secret}" if member.resume_secret else None


def _read_token(token: str) -> tuple[str, str, str]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "resumeToken: not a token")
    return match[1], match[2], match[3]
