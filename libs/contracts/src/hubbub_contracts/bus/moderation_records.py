"""What moderators have decided in a room: a part of the room's record. It ends with the room."""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..types import Id, OpenRoomRole, OpenTrackSource, RoomRole, UserId

MAX_MODERATED = 256
"""Of muted sources, of banned users, and of assigned roles in one room."""
ROLE_UNKNOWN: RoomRole = "speaker"
"""What an access token grants to a peer whose record is of an older version."""


class MutedSource(Model):
    """A source of a user that may not be heard or seen."""

    user_id: UserId
    source: OpenTrackSource


class AssignedRole(Model):
    """The role that a moderator gave to a user. It replaces the one of the access token."""

    user_id: UserId
    role: OpenRoomRole


class UnmuteRequest(Model):
    """A moderator asks the user to send a source again. The client decides."""

    request_id: Id
    """New for each request."""
    source: OpenTrackSource
    asked_by: UserId | None = None
    """The moderator."""


class Moderation(Model):
    """The decisions. Those about a user hold for all its peers, those that join later included."""

    locked: bool = False
    """Nobody new may join."""
    lobby: bool = False
    """Who joins waits until a moderator admits the peer."""
    ended: bool = False
    """A moderator closed the room. It is about to be removed, and nobody may join."""
    muted: list[MutedSource] = Field(default_factory=list)
    banned: list[UserId] = Field(default_factory=list)
    roles: list[AssignedRole] = Field(default_factory=list)
    listeners: bool = False
    """Who has no role in `roles`, and is no moderator by the access token, is a listener. Not stored: it follows from
    the room's options."""

    def is_muted(self, user_id: str, source: str | None) -> bool:
        """Whether the source of the user may not be heard or seen."""
        return any((each.user_id, each.source) == (user_id, source) for each in self.muted)

    def muted_sources(self, user_id: str) -> list[str]:
        """The muted sources of the user."""
        return [each.source for each in self.muted if each.user_id == user_id]

    def is_banned(self, user_id: str) -> bool:
        """Whether the user may not join."""
        return user_id in self.banned

    def role_of(self, user_id: str) -> str | None:
        """The role that a moderator gave to the user; None: nobody did."""
        return next((each.role for each in self.roles if each.user_id == user_id), None)

    def assigned_role(self, user_id: str, granted: str | None) -> str | None:
        """The role that replaces the one of the access token: a moderator gave it, or the room makes listeners.

        `granted` is `PeerRecord.room_role`. None: the token decides.
        """
        is_speaker = (granted or ROLE_UNKNOWN) == "speaker"
        return self.role_of(user_id) or ("listener" if self.listeners and is_speaker else None)

    def withholds(self, user_id: str, granted: str | None, source: str | None) -> bool:
        """Whether the user may not send this source: it is muted, or a decision made its user a listener."""
        return self.is_muted(user_id, source) or self.assigned_role(user_id, granted) == "listener"


UNMODERATED = Moderation()
