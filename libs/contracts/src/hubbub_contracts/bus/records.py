"""Records: the values of the `rooms` bucket. One key for a room's settings, one for each peer with its producers."""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..types import AppData, CallId, DisplayName, Epoch, Id, MediaKind, NodeId, RoomId, UserId


class Placement(Model):
    """One life of one media node."""

    node_id: NodeId
    epoch: Epoch


class RoomRecord(Model):
    """The value of a room's settings key."""

    room_id: RoomId
    call_id: CallId
    codec_profile: str
    """The version of the router capabilities; fixed for the room's life, so that a rolling upgrade cannot mix two."""
    created_at: int
    """Unix milliseconds."""
    placement: Placement | None = None
    """Where the room's media is; absent while no node can take it."""
    closing: bool = False
    """The room was empty for too long and is about to go. A join that stands before this write keeps it open."""
    operation_id: str | None = None
    """Who wrote this: a writer whose answer was lost recognises its own write by it."""


class ProducerRecord(Model):
    """A producer as the others in the room are told of it."""

    producer_id: Id
    kind: MediaKind
    app_data: AppData
    paused: bool


class PeerRecord(Model):
    """The value of a peer's key. A change of its producers is a change of this one value."""

    room_id: RoomId
    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    joined_at: int
    """Unix milliseconds."""
    signaling_id: NodeId
    """The signaling instance that serves the peer: it holds a lease of the same name."""
    resume_digest: str | None = None
    """The hex SHA-256 of the secret that takes this session over; absent when it cannot be resumed."""
    placement: Placement | None = None
    """Which life of which node holds the peer's transports; absent while there is none."""
    producers: list[ProducerRecord] = Field(default_factory=list)
    operation_id: str | None = None
    """Who wrote this, as in the room's record."""
