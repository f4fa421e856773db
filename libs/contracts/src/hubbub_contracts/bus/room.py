"""Requests about rooms, answered by the registry, and the revisions that it publishes."""

from __future__ import annotations

from typing import ClassVar

from ..base import Event, Model, RegistryRequest
from ..types import CallId, Revision, RoomId, RtpCapabilities
from .records import PeerRecord, RoomRecord


class RoomCreated(Model):
    """The room exists, new or not."""

    room_id: RoomId
    call_id: CallId
    codec_profile: str
    rtp_capabilities: RtpCapabilities


class CreateRoom(RegistryRequest[RoomCreated]):
    """Creates a room, or returns the existing one."""

    verb: ClassVar[str] = "room.create"
    call_id: CallId


class RoomSnapshot(Model):
    """A room as it was at `revision`. It includes all earlier changes; later ones have a higher revision."""

    room: RoomRecord
    peers: list[PeerRecord]
    revision: Revision


class GetRoom(RegistryRequest[RoomSnapshot]):
    """Asks for a room's snapshot. `room_not_found` when there is no such room."""

    verb: ClassVar[str] = "room.get"
    chunked: ClassVar[bool] = True
    room_id: RoomId


class RoomRevisions(Event):
    """The latest revision of each room with peers, so that subscribers detect a lost change."""

    verb: ClassVar[str] = "rooms.revisions"
    revisions: dict[str, Revision]
    """By room id."""
    store: str | None = None
    """The identity of the bucket of rooms. When it changes, the store was lost: instances restore their peers."""
    sequence: Revision = 0
    """The bucket's sequence up to which the sender knows it."""
