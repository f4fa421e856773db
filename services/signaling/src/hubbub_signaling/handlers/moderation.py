"""Handlers of what moderators decide, and of raised hands. The registry applies it."""

from __future__ import annotations

from hubbub_contracts import Done
from hubbub_contracts.base import RegistryRequest
from hubbub_contracts.bus import moderation
from hubbub_contracts.socket import moderation as socket

from ..domain.authorization import Grant, require
from .context import RequestContext


async def mute_peer(context: RequestContext, request: socket.MutePeer) -> Done:
    """Mutes a source of the participant's user."""
    return await _decide(
        context, moderation.MuteSource(room_id=_room(context), peer_id=request.peer_id, source=request.source)
    )


async def unmute_peer(context: RequestContext, request: socket.UnmutePeer) -> Done:
    """Lifts the mute, and asks the participant to send again."""
    by = context.membership.record.user_id
    return await _decide(
        context,
        moderation.UnmuteSource(room_id=_room(context), peer_id=request.peer_id, source=request.source, asked_by=by),
    )


async def stop_peer_source(context: RequestContext, request: socket.StopPeerSource) -> Done:
    """Closes the participant's producers of a source."""
    return await _decide(
        context, moderation.StopSource(room_id=_room(context), peer_id=request.peer_id, source=request.source)
    )


async def remove_peer(context: RequestContext, request: socket.RemovePeer) -> Done:
    """Removes the participant, and bans its user."""
    return await _decide(
        context, moderation.RemovePeer(room_id=_room(context), peer_id=request.peer_id, ban=request.ban)
    )


async def lock_room(context: RequestContext, request: socket.LockRoom) -> Done:
    """Locks or unlocks the room."""
    return await _decide(context, moderation.SetRoomAccess(room_id=_room(context), locked=request.locked))


async def set_lobby(context: RequestContext, request: socket.SetLobby) -> Done:
    """Switches the lobby."""
    return await _decide(context, moderation.SetRoomAccess(room_id=_room(context), lobby=request.enabled))


async def admit_peer(context: RequestContext, request: socket.AdmitPeer) -> Done:
    """Admits a client from the lobby."""
    return await _decide(context, moderation.AdmitPeer(room_id=_room(context), peer_id=request.peer_id))


async def refuse_peer(context: RequestContext, request: socket.RefusePeer) -> Done:
    """Refuses a client in the lobby."""
    return await _decide(context, moderation.RefusePeer(room_id=_room(context), peer_id=request.peer_id))


async def set_role(context: RequestContext, request: socket.SetRole) -> Done:
    """Gives the participant's user a role."""
    return await _decide(
        context, moderation.SetRole(room_id=_room(context), peer_id=request.peer_id, role=request.role)
    )


async def close_room(context: RequestContext, _request: socket.CloseRoom) -> Done:
    """Ends the room for everybody."""
    return await context.backend.registry(moderation.CloseRoom(room_id=_room(context)))


async def raise_hand(context: RequestContext, _request: socket.RaiseHand) -> Done:
    """Raises the client's hand."""
    return await _decide(
        context, moderation.SetHand(room_id=_room(context), peer_id=context.membership.peer_id, raised=True)
    )


async def lower_hand(context: RequestContext, request: socket.LowerHand) -> Done:
    """Lowers the client's hand, or that of another participant. The latter needs the grant of moderators."""
    own = context.membership.peer_id
    peer_id = request.peer_id or own
    if peer_id != own:
        require(context.access.identity, Grant.MODERATE)
    return await _decide(context, moderation.SetHand(room_id=_room(context), peer_id=peer_id, raised=False))


async def _decide(context: RequestContext, message: RegistryRequest[moderation.Moderated]) -> Done:
    await context.backend.registry(message)
    return Done()


def _room(context: RequestContext) -> str:
    return context.membership.room_id
