"""Rooms: what the registry is asked about them."""

from __future__ import annotations

from typing import ClassVar

from ..base import Event, Model, Request
from ..types import CallId, Revision, RoomId, RtpCapabilities
from .records import PeerRecord, RoomRecord


class RoomCreated(Model):
    """There is a room, new or not."""

    room_id: RoomId
    call_id: CallId
    codec_profile: str
    rtp_capabilities: RtpCapabilities


class CreateRoom(Request[RoomCreated]):
    """Makes the room, or finds it."""

    verb: ClassVar[str] = "room.create"
    call_id: CallId


class RoomSnapshot(Model):
    """A room as it was at `revision`: later changes have a higher sequence, earlier ones are in it."""

    room: RoomRecord
    peers: list[PeerRecord]
    revision: Revision


class GetRoom(Request[RoomSnapshot]):
    """Asks for a room's snapshot; `room_not_found` when there is none."""

    verb: ClassVar[str] = "room.get"
    room_id: RoomId


class RoomRevisions(Event):
    """The last revision of each room with peers, so that a lost change is noticed."""

    verb: ClassVar[str] = "rooms.revisions"
    revisions: dict[str, Revision]
