"""Moderation: what moderators decide, the lobby, roles and raised hands."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model
from ..types import (
    AppData,
    DisplayName,
    Id,
    OpenRoomRole,
    OpenTrackSource,
    Revision,
    RoomRole,
    TrackSource,
    UserId,
)
from .base import Mutation, Push


class LobbyPeer(Model):
    """A client that waits in the room's lobby."""

    peer_id: Id
    """The peer's id, which it keeps when it is admitted."""
    user_id: UserId
    """The `userId` of its `joinRoom`."""
    display_name: DisplayName
    """The name to show."""
    app_data: AppData
    """The `appData` of its `joinRoom`."""


class ModerationState(Model):
    """What moderators have decided, as far as it concerns the client."""

    role: OpenRoomRole
    """The client's own role: `moderator`, `speaker`, or `listener`, which may send nothing."""
    locked: bool
    """Whether nobody new may join."""
    lobby: bool
    """Whether who joins waits until a moderator admits them."""
    muted: list[OpenTrackSource]
    """The client's own sources that a moderator muted."""
    hand_raised_at: int | None = None
    """When the client raised its hand, in Unix milliseconds; absent: it is not raised."""
    waiting: list[LobbyPeer]
    """Who waits in the lobby; empty unless the client is a moderator."""


class MutePeer(Mutation[Done]):
    """Mutes a source of a participant, for moderators. It holds for everything that this user sends of the source, also
    after a rejoin, until `unmutePeer`. Everybody receives `peerMuted`."""

    event: ClassVar[str] = "mutePeer"
    peer_id: Id
    """The participant; its user is muted in all its peers."""
    source: TrackSource
    """What to mute."""


class UnmutePeer(Mutation[Done]):
    """Lifts a mute and asks the participant to send the source again, for moderators. The server switches nothing on:
    the participant receives `unmuteRequested`, and decides."""

    event: ClassVar[str] = "unmutePeer"
    peer_id: Id
    """The participant."""
    source: TrackSource
    """What it may send again."""


class StopPeerSource(Mutation[Done]):
    """Closes the producers of a source of a participant, such as a shared screen, for moderators. The participant may
    start it again. It receives `producerClosed` with the reason `stopped_by_moderator`."""

    event: ClassVar[str] = "stopPeerSource"
    peer_id: Id
    """The participant."""
    source: TrackSource
    """What to stop."""


class RemovePeer(Mutation[Done]):
    """Removes a participant, for moderators. It receives `roomClosed`, the others receive `peerLeft`."""

    event: ClassVar[str] = "removePeer"
    peer_id: Id
    """The participant, or a client in the lobby."""
    ban: bool = False
    """Whether its user may not join again until the room ends. All peers of the user are then removed."""


class LockRoom(Mutation[Done]):
    """Locks or unlocks the room, for moderators. Nobody new may join a locked room. Who resumes, and who was in the
    lobby already, still comes in. Everybody receives `roomAccessChanged`."""

    event: ClassVar[str] = "lockRoom"
    locked: bool = True
    """Whether to lock it."""


class SetLobby(Mutation[Done]):
    """Switches the room's lobby on or off, for moderators. While it is on, who joins waits for `admitPeer`. Switching
    it off admits everybody who waits. Everybody receives `roomAccessChanged`."""

    event: ClassVar[str] = "setLobby"
    enabled: bool
    """Whether the room has a lobby."""


class AdmitPeer(Mutation[Done]):
    """Admits a client from the lobby, for moderators. The participants receive `peerJoined`."""

    event: ClassVar[str] = "admitPeer"
    peer_id: Id
    """The client in the lobby."""


class RefusePeer(Mutation[Done]):
    """Refuses a client in the lobby, for moderators."""

    event: ClassVar[str] = "refusePeer"
    peer_id: Id
    """The client in the lobby."""


class SetRole(Mutation[Done]):
    """Gives a participant another role than its access token does, for moderators, until the room ends. What it sends
    and may not send any more is closed. Everybody receives `roleChanged`."""

    event: ClassVar[str] = "setRole"
    peer_id: Id
    """The participant; its user has the role in all its peers."""
    role: RoomRole
    """`moderator`, `speaker`, or `listener`, which may send nothing."""


class CloseRoom(Mutation[Done]):
    """Ends the room for everybody, for moderators. All receive `roomClosed`."""

    event: ClassVar[str] = "closeRoom"


class RaiseHand(Mutation[Done]):
    """Raises the client's hand. Everybody receives `handRaised`."""

    event: ClassVar[str] = "raiseHand"


class LowerHand(Mutation[Done]):
    """Lowers a hand. Everybody receives `handLowered`."""

    event: ClassVar[str] = "lowerHand"
    peer_id: Id | None = None
    """Whose hand; absent: the client's own. That of another participant is for moderators."""


class PeerMuted(Push):
    """A moderator muted a source of a participant or of the client itself, or lifted that."""

    event: ClassVar[str] = "peerMuted"
    peer_id: Id
    """The participant; the client's own `peerId` when it is the client."""
    source: OpenTrackSource
    """What is muted."""
    muted: bool
    """False: the mute is lifted. What was sent stays paused until the participant resumes it."""
    revision: Revision
    """The room's revision that includes this change."""


class UnmuteRequested(Push):
    """A moderator asks the client to send a source again, which it may now. A client asks its user."""

    event: ClassVar[str] = "unmuteRequested"
    source: OpenTrackSource
    """What the moderator would like to hear or see."""
    asked_by: UserId | None = None
    """The moderator; absent when a server asks."""
    revision: Revision
    """The room's revision that includes this change."""


class RoleChanged(Push):
    """A participant or the client itself has another role."""

    event: ClassVar[str] = "roleChanged"
    peer_id: Id
    """The participant; the client's own `peerId` when it is the client."""
    role: OpenRoomRole
    """The new role."""
    revision: Revision
    """The room's revision that includes this change."""


class RoomAccessChanged(Push):
    """A moderator locked or unlocked the room, or switched its lobby."""

    event: ClassVar[str] = "roomAccessChanged"
    locked: bool
    """Whether nobody new may join."""
    lobby: bool
    """Whether who joins waits until a moderator admits them."""
    revision: Revision
    """The room's revision that includes this change."""


class LobbyPeerJoined(Push):
    """A client waits in the lobby. Moderators receive this."""

    event: ClassVar[str] = "lobbyPeerJoined"
    peer: LobbyPeer
    """The client."""
    revision: Revision
    """The room's revision that includes this change."""


class LobbyPeerLeft(Push):
    """A client waits in the lobby no longer: it was admitted or refused, or it left. Moderators receive this."""

    event: ClassVar[str] = "lobbyPeerLeft"
    peer_id: Id
    """The client."""
    admitted: bool
    """Whether it is a participant now. `peerJoined` follows then."""
    revision: Revision
    """The room's revision that includes this change."""


class HandRaised(Push):
    """A participant or the client itself raised its hand."""

    event: ClassVar[str] = "handRaised"
    peer_id: Id
    """The participant; the client's own `peerId` when it is the client."""
    raised_at: int
    """Unix milliseconds: who raised the hand first has the lowest."""
    revision: Revision
    """The room's revision that includes this change."""


class HandLowered(Push):
    """A raised hand was lowered, by its owner or by a moderator."""

    event: ClassVar[str] = "handLowered"
    peer_id: Id
    """The participant; the client's own `peerId` when it is the client."""
    revision: Revision
    """The room's revision that includes this change."""
