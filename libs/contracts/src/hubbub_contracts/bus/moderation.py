"""What moderators decide, answered by the registry.

A repeated request has no further effect. The sender has checked that the moderator may do this.
"""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model, RegistryRequest
from ..types import Id, Revision, RoomId, RoomRole, TrackSource, UserId
from .moderation_target import UserTarget


class Moderated(Model):
    """The decision is stored."""

    revision: Revision
    """The room's revision that includes it."""


class MuteSource(UserTarget[Moderated]):
    """Mutes a source of a user: of all its peers, and of those that join later, until `UnmuteSource`.

    Errors: also `quota_exceeded` with too many muted sources.
    """

    verb: ClassVar[str] = "moderation.mute"
    source: TrackSource


class UnmuteSource(UserTarget[Moderated]):
    """Lifts the mute. With `peer_id`, also asks that peer to send the source again. Nothing is switched on."""

    verb: ClassVar[str] = "moderation.unmute"
    source: TrackSource
    asked_by: UserId | None = None
    """The moderator, for the user."""


class StopSource(UserTarget[Moderated]):
    """Closes the producers of a source, of the peer or of all peers of the user. They may be started again."""

    verb: ClassVar[str] = "moderation.stop-source"
    source: TrackSource


class RemovePeer(UserTarget[Moderated]):
    """Removes the peer, or all peers of the user.

    Errors: also `quota_exceeded` with too many banned users.
    """

    verb: ClassVar[str] = "moderation.remove"
    ban: bool = False
    """Removes all peers of the user, which may not join again until the room ends. Its access tokens are revoked in
    this room."""


class LiftBan(RegistryRequest[Moderated]):
    """Lets a banned user join again. Errors: `room_not_found`."""

    verb: ClassVar[str] = "moderation.lift-ban"
    room_id: RoomId
    user_id: UserId


class SetRoomAccess(RegistryRequest[Moderated]):
    """Locks or unlocks the room, and switches its lobby on or off. Absent: unchanged.

    Without its lobby, the room admits those who wait. Errors: `room_not_found`.
    """

    verb: ClassVar[str] = "moderation.set-access"
    room_id: RoomId
    locked: bool | None = None
    lobby: bool | None = None


class AdmitPeer(RegistryRequest[Moderated]):
    """Admits a peer from the lobby. Succeeds when it is a participant already.

    Errors: `room_not_found`, `not_found` when it is gone, `quota_exceeded` when the room is full.
    """

    verb: ClassVar[str] = "moderation.admit"
    room_id: RoomId
    peer_id: Id


class RefusePeer(RegistryRequest[Moderated]):
    """Refuses a peer that waits in the lobby.

    Errors: `room_not_found`, `not_found` when it is gone, `invalid_state` when it has been admitted.
    """

    verb: ClassVar[str] = "moderation.refuse"
    room_id: RoomId
    peer_id: Id


class SetRole(UserTarget[Moderated]):
    """Gives a user a role in this room instead of the one of its access token.

    Errors: also `quota_exceeded` with too many assigned roles.
    """

    verb: ClassVar[str] = "moderation.set-role"
    role: RoomRole


class CloseRoom(RegistryRequest[Done]):
    """Ends the room: removes its peers, then the room. Succeeds when there is no such room."""

    verb: ClassVar[str] = "moderation.close-room"
    room_id: RoomId


class SetHand(RegistryRequest[Moderated]):
    """Raises or lowers the hand of a participant. Errors: `room_not_found`, `not_found`."""

    verb: ClassVar[str] = "moderation.set-hand"
    room_id: RoomId
    peer_id: Id
    raised: bool


class SetGrantedRole(RegistryRequest[Moderated]):
    """Records what the new access token of a client lets it do. Errors: `room_not_found`, `not_found`."""

    verb: ClassVar[str] = "moderation.set-granted-role"
    room_id: RoomId
    peer_id: Id
    role: RoomRole
