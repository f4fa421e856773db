"""The rules of moderation: who may enter, and what a decision changes. Pure.

Each change returns the new value, or None when nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded
from hubbub_contracts.bus.moderation_records import MAX_MODERATED, AssignedRole, Moderation, MutedSource
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.types import RoomRole, TrackSource

from .standby import with_producers

ItemT = TypeVar("ItemT")

PEOPLE = frozenset({"participant", "viewer", "audience", "waiting"})
"""The roles that locks, lobbies and bans hold. The others are those of services."""


class Entry(Enum):
    """How a peer enters."""

    ENTERS = "enters"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A peer that joins."""

    user_id: str
    role: str
    """As in PeerRecord."""
    exempt: bool = False
    """As in JoinRoom."""
    may_wait: bool = False
    """As in JoinRoom."""
    admitted: bool = False
    """As in PeerRecord."""


def entry(moderation: Moderation, newcomer: Newcomer) -> Entry:
    """Decides about a join. Raises `room_not_found`, `banned`, `room_locked` and `not_admitted`."""
    if moderation.ended:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room was closed")
    if newcomer.role not in PEOPLE:
        return Entry.ENTERS
    if moderation.is_banned(newcomer.user_id):
        raise HubbubError(ErrorCode.BANNED, "a moderator banned this user from the room")
    if newcomer.exempt or newcomer.admitted:
        return Entry.ENTERS
    if moderation.locked:
        raise HubbubError(ErrorCode.ROOM_LOCKED, "a moderator locked the room")
    if not moderation.lobby:
        return Entry.ENTERS
    if newcomer.may_wait and newcomer.role != "viewer":
        return Entry.WAITS
    raise HubbubError(ErrorCode.NOT_ADMITTED, "the room has a lobby, and this client cannot wait in it")


def with_access(moderation: Moderation, *, locked: bool | None, lobby: bool | None) -> Moderation | None:
    """Locks the room, and switches its lobby; None leaves either as it is."""
    wanted = {"locked": locked, "lobby": lobby}
    return _changed(moderation, {name: value for name, value in wanted.items() if value is not None})


def with_muted(moderation: Moderation, user_id: str, source: TrackSource) -> Moderation | None:
    """Mutes a source of a user. Raises `quota_exceeded`."""
    if moderation.is_muted(user_id, source):
        return None
    muted = _appended(moderation.muted, MutedSource(user_id=user_id, source=source), "muted sources")
    return _changed(moderation, {"muted": muted})


def without_muted(moderation: Moderation, user_id: str, source: TrackSource) -> Moderation | None:
    """Lifts a mute."""
    left = [each for each in moderation.muted if (each.user_id, each.source) != (user_id, source)]
    return _changed(moderation, {"muted": left}) if len(left) < len(moderation.muted) else None


def with_banned(moderation: Moderation, user_id: str) -> Moderation | None:
    """Bans a user. Raises `quota_exceeded`."""
    if moderation.is_banned(user_id):
        return None
    return _changed(moderation, {"banned": _appended(moderation.banned, user_id, "banned users")})


def without_banned(moderation: Moderation, user_id: str) -> Moderation | None:
    """Lifts a ban."""
    if not moderation.is_banned(user_id):
        return None
    return _changed(moderation, {"banned": [each for each in moderation.banned if each != user_id]})


def with_role(moderation: Moderation, user_id: str, role: RoomRole) -> Moderation | None:
    """Gives a user a role. Raises `quota_exceeded`."""
    if moderation.role_of(user_id) == role:
        return None
    others = [each for each in moderation.roles if each.user_id != user_id]
    return _changed(moderation, {"roles": _appended(others, AssignedRole(user_id=user_id, role=role), "roles")})


def ended(moderation: Moderation) -> Moderation | None:
    """Closes the room."""
    return _changed(moderation, {"ended": True})


def with_muted_paused(moderation: Moderation, peer: PeerRecord) -> PeerRecord | None:
    """Pauses the producers of the peer's muted sources, and all of a listener."""
    producers = [
        each.model_copy(update={"paused": True})
        if not each.paused and moderation.withholds(peer.user_id, peer.room_role, each.shows)
        else each
        for each in peer.producers
    ]
    return None if producers == peer.producers else peer.model_copy(update={"producers": producers})


def without_source(peer: PeerRecord, source: TrackSource) -> PeerRecord | None:
    """Removes the producers of a source."""
    left = [each for each in peer.producers if each.shows != source]
    return None if len(left) == len(peer.producers) else with_producers(peer, left)


def _appended(items: Sequence[ItemT], item: ItemT, what: str) -> list[ItemT]:
    if len(items) >= MAX_MODERATED:
        raise QuotaExceeded("decisionsOfRoom", f"a room can have at most {MAX_MODERATED} {what}")
    return [*items, item]


def _changed(moderation: Moderation, update: dict[str, Any]) -> Moderation | None:
    changed = moderation.model_copy(update=update)
    return None if changed == moderation else changed
