"""Peers: how they come into a room, change hands and go. Answered by the registry."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..base import Done, Request
from ..types import AppData, DisplayName, Id, NodeId, RoomId, UserId
from .room import RoomSnapshot

LeaveReason = Literal["left", "disconnected", "signaling_lost", "room_closed", "removed"]
"""Why a peer went; travels in the header `Hubbub-Reason` of the purge."""


class JoinRoom(Request[RoomSnapshot]):
    """Adds a peer and places it. The reply holds the room with the new peer in it."""

    verb: ClassVar[str] = "peer.join"
    room_id: RoomId
    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    signaling_id: NodeId
    resume_digest: str | None = None


class LeaveRoom(Request[Done]):
    """Removes a peer with its producers; done when there is none."""

    verb: ClassVar[str] = "peer.leave"
    room_id: RoomId
    peer_id: Id
    reason: LeaveReason


class ClaimPeer(Request[RoomSnapshot]):
    """Another signaling instance, or the same one anew, takes a session over.

    `not_allowed` when the secret is wrong, `not_found` when the peer is gone.
    """

    verb: ClassVar[str] = "peer.claim"
    room_id: RoomId
    peer_id: Id
    signaling_id: NodeId
    resume_secret: str
    resume_digest: str | None = None
    """The digest of the secret that replaces this one; the old one stays valid when absent."""
