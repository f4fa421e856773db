"""The decisions of moderators.

Rules
- A decision about a user or the room is one write of the room's settings. What it means for the peers follows from it,
  and is written to their records afterwards.
- Who writes a peer's record looks at the settings afterwards. The store orders the two writes, so one of the two
  writers sees the other's: what a user may not send is paused, and a banned user removed, whichever came first.
- A repeated request has no further effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hubbub_bus import operation_id, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.base import ReplyT
from hubbub_contracts.bus.moderation import (
    LiftBan,
    Moderated,
    MuteSource,
    RemovePeer,
    SetGrantedRole,
    SetHand,
    SetRole,
    StopSource,
    UnmuteSource,
)
from hubbub_contracts.bus.moderation_records import UnmuteRequest
from hubbub_contracts.bus.moderation_target import UserTarget
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.revocation import RevocationRecord

from ..domain import moderation as rules
from ..domain.revocation import ban_of
from ..domain.stored_record import StoredPeer
from .context import RegistryContext
from .remove_peer import remove_peer
from .update_peer import Change, update_peer
from .update_room import open_room, update_moderation

_GONE = frozenset({ErrorCode.NOT_FOUND, ErrorCode.ROOM_NOT_FOUND})


async def mute(context: RegistryContext, request: MuteSource) -> Moderated:
    """Mutes a source of a user, and pauses its producers. Raises as `MuteSource` says."""
    user_id = await _user_of(context, request)
    revision = await update_moderation(
        context, request.room_id, lambda now: rules.with_muted(now, user_id, request.source)
    )
    for peer in _peers_of(context, request.room_id, user_id):
        await pause_muted(context, request.room_id, peer.peer_id)
    return Moderated(revision=revision)


async def unmute(context: RegistryContext, request: UnmuteSource) -> Moderated:
    """Lifts a mute, and asks the peer to send again. Raises as `UnmuteSource` says."""
    user_id = await _user_of(context, request)
    revision = await update_moderation(
        context, request.room_id, lambda now: rules.without_muted(now, user_id, request.source)
    )
    if request.peer_id is not None:
        asked = UnmuteRequest(request_id=operation_id(), source=request.source, asked_by=request.asked_by)

        def ask(peer: PeerRecord) -> PeerRecord | None:
            return None if peer.unmute_request == asked else peer.model_copy(update={"unmute_request": asked})

        revision = await update_peer(context.store, request.room_id, request.peer_id, ask)
    return Moderated(revision=revision)


async def stop_source(context: RegistryContext, request: StopSource) -> Moderated:
    """Removes the producers of a source. Raises as `StopSource` says."""
    user_id = await _user_of(context, request)
    revision = context.store.sequence
    for peer in _targets(context, request, user_id):
        written = await _update_unless_gone(
            context, request.room_id, peer.peer_id, partial(rules.without_source, source=request.source)
        )
        revision = max(revision, written)
    return Moderated(revision=revision)


async def remove(context: RegistryContext, request: RemovePeer) -> Moderated:
    """Removes peers. A ban also revokes the access tokens that their user has, in this room.

    The ban ends with the room; whoever has the same token then needs a new one, unless the ban was lifted. Raises as
    `RemovePeer` says.
    """
    user_id = await _user_of(context, request)
    _, settings = open_room(context, request.room_id)
    if request.ban:
        await update_moderation(context, request.room_id, lambda now: rules.with_banned(now, user_id))
        targets = _peers_of(context, request.room_id, user_id)
    else:
        targets = _targets(context, request, user_id)
    for peer in targets:
        await remove_peer(context.store, request.room_id, peer.peer_id, "banned" if request.ban else "kicked")
    if request.ban:
        # Last: the clients are told of the ban, not of a token that has become invalid.
        now = unix_ms()
        await context.revocations.add(_ban(context, request.room_id, user_id, settings.record.call_id, now), now / 1000)
    return Moderated(revision=context.store.sequence)


async def lift_ban(context: RegistryContext, request: LiftBan) -> Moderated:
    """Lets a banned user join again, with the access tokens that it has. Raises `room_not_found`."""
    now = unix_ms()
    revision = await update_moderation(context, request.room_id, lambda now: rules.without_banned(now, request.user_id))
    _, settings = open_room(context, request.room_id)
    # A ban that is written meanwhile is newer than `now`, and stays.
    ban = _ban(context, request.room_id, request.user_id, settings.record.call_id, now)
    await context.revocations.lift(ban, now / 1000)
    return Moderated(revision=revision)


async def set_role(context: RegistryContext, request: SetRole) -> Moderated:
    """Gives a user a role, and pauses the producers of a listener. Raises as `SetRole` says.

    Its session then closes them.
    """
    user_id = await _user_of(context, request)
    revision = await update_moderation(
        context, request.room_id, lambda now: rules.with_role(now, user_id, request.role)
    )
    for peer in _peers_of(context, request.room_id, user_id):
        await pause_muted(context, request.room_id, peer.peer_id)
    return Moderated(revision=revision)


async def set_granted_role(context: RegistryContext, request: SetGrantedRole) -> Moderated:
    """Records the role that a new access token gives. Raises `room_not_found` and `not_found`."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        return None if peer.room_role == request.role else peer.model_copy(update={"room_role": request.role})

    return Moderated(revision=await update_peer(context.store, request.room_id, request.peer_id, change))


async def set_hand(context: RegistryContext, request: SetHand) -> Moderated:
    """Raises or lowers a hand. Raises `room_not_found` and `not_found`."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        if peer.hidden:
            raise _no_such_peer()
        if (peer.hand_raised_at is not None) == request.raised:
            return None
        return peer.model_copy(update={"hand_raised_at": unix_ms() if request.raised else None})

    return Moderated(revision=await update_peer(context.store, request.room_id, request.peer_id, change))


async def pause_muted(context: RegistryContext, room_id: str, peer_id: str) -> int:
    """Pauses the producers of the peer's muted sources, by the settings in the copy of the store.

    Returns the revision of the peer's record, 0 when the peer or the room is gone. Raises `unavailable`.
    """

    def change(peer: PeerRecord) -> PeerRecord | None:
        room = context.store.rooms.get(room_id)
        if room is None or room.settings is None:
            return None
        return rules.with_muted_paused(room.settings.record.rules, peer)

    return await _update_unless_gone(context, room_id, peer_id, change)


def has_muted_running(context: RegistryContext, room_id: str, peer_id: str) -> bool:
    """Whether a producer of a muted source runs, by the copy of the store."""
    room, peer = context.store.rooms.get(room_id), context.store.rooms.find_peer(room_id, peer_id)
    if room is None or room.settings is None or peer is None:
        return False
    return rules.with_muted_paused(room.settings.record.rules, peer.record) is not None


def is_muted(context: RegistryContext, peer: PeerRecord, producer_id: str) -> bool:
    """Whether a moderator's decision silences the producer, by the copy of the store."""
    room = context.store.rooms.get(peer.room_id)
    if room is None or room.settings is None:
        return False
    moderation = room.settings.record.rules
    return any(
        each.producer_id == producer_id and moderation.withholds(peer.user_id, peer.room_role, each.shows)
        for each in peer.producers
    )


def _ban(context: RegistryContext, room_id: str, user_id: str, call_id: str, now: int) -> RevocationRecord:
    """The revocation of a banned user's tokens in the room, at the time `now`, in Unix milliseconds."""
    return ban_of(ids.tenant(room_id), user_id, call_id, now, context.revocation_ttl)


async def _update_unless_gone(context: RegistryContext, room_id: str, peer_id: str, change: Change) -> int:
    try:
        return await update_peer(context.store, room_id, peer_id, change)
    except HubbubError as error:
        if error.code not in _GONE:
            raise
        return 0


async def _user_of(context: RegistryContext, request: UserTarget[ReplyT]) -> str:
    """The user whom the request names. Raises `room_not_found` and `not_found`."""
    await context.store.ready()
    await context.store.refresh_room(request.room_id)
    open_room(context, request.room_id)
    if request.user_id is not None:
        return request.user_id
    peer_id = request.peer_id or ""
    await context.store.refresh_peer(request.room_id, peer_id)
    peer = context.store.rooms.find_peer(request.room_id, peer_id)
    if peer is None or not (peer.keeps_open or peer.watches):
        raise _no_such_peer()
    return peer.record.user_id


def _targets(context: RegistryContext, request: UserTarget[ReplyT], user_id: str) -> list[StoredPeer]:
    """The peer that the request names, else all peers of the user."""
    if request.peer_id is None:
        return _peers_of(context, request.room_id, user_id)
    peer = context.store.rooms.find_peer(request.room_id, request.peer_id)
    return [] if peer is None else [peer]


def _peers_of(context: RegistryContext, room_id: str, user_id: str) -> list[StoredPeer]:
    """The user's peers in the copy of the store, those of services excepted."""
    room = context.store.rooms.get(room_id)
    peers: Iterable[StoredPeer] = () if room is None else room.peers.values()
    return [peer for peer in peers if peer.record.role in rules.PEOPLE and peer.record.user_id == user_id]


def _no_such_peer() -> HubbubError:
    return HubbubError(ErrorCode.NOT_FOUND, "no such participant")
