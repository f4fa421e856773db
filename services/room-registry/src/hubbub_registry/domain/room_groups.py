"""The peers of a room that share a limit.

Participants and hidden peers each have the limit of peers in a room for themselves, so that viewers do not keep
participants out. Those who wait, and the audience, have limits of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from hubbub_contracts import QuotaExceeded

from .limits import Limits
from .rooms import Room
from .stored_record import StoredPeer, StoredRoom

Group = Literal["participants", "audience", "waiting", "hidden"]
_GROUPS: Final[Mapping[str, Group]] = {"participant": "participants", "audience": "audience", "waiting": "waiting"}
"""By role; the others are hidden."""
OF_TENANT: Final = frozenset[Group]({"participants", "audience"})
"""The groups that the limit of a tenant's peers holds."""


def group_of_role(role: str) -> Group:
    """The group of the peers with a role."""
    return _GROUPS.get(role, "hidden")


def group_of(peer: StoredPeer) -> Group:
    """The group of a peer."""
    return group_of_role(peer.role)


def limit_of(limits: Limits, settings: StoredRoom, group: Group) -> int:
    """How many peers of a group the room may have."""
    match group:
        case "waiting":
            return limits.waiting_per_room
        case "audience":
            return limits.audience_per_room
        case "hidden":
            return limits.peers_per_room
        case "participants":
            return limits.participants(settings.record.chosen)


def room_full(limits: Limits, settings: StoredRoom, group: Group) -> QuotaExceeded:
    """The refusal of a room that has as many of a group as it may."""
    limit = limit_of(limits, settings, group)
    match group:
        case "waiting":
            return QuotaExceeded("waitingOfRoom", f"the lobby is full: at most {limit} peers can wait")
        case "audience":
            return QuotaExceeded("audienceOfRoom", f"the audience is full: it can have at most {limit} peers")
        case _:
            return QuotaExceeded("peersOfRoom", f"room is full: it can have at most {limit} peers")


def require_seat(limits: Limits, room: Room, settings: StoredRoom, group: Group) -> None:
    """Raises `quota_exceeded` when the room has as many of the group as it may."""
    limit = limit_of(limits, settings, group)
    if len(room.peers) >= limit and sum(group_of(peer) == group for peer in room.peers.values()) >= limit:
        raise room_full(limits, settings, group)
