"""Requests about rooms, answered by the registry, and the revisions that it publishes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Event, Model, RegistryRequest
from ..room_options import RoomChanges, RoomOptions
from ..types import AppData, CallId, Count, NodeId, Revision, RoomId, RtpCapabilities, TenantId
from .records import PeerRecord, Placement, RoomRecord

MAX_PAGE = 100


def room_nodes(home: Placement | None, peers: Iterable[Placement | None]) -> list[str]:
    """The ids of a room's media nodes: its home, and then those of its peers, each once."""
    return list(dict.fromkeys(each.node_id for each in (home, *peers) if each is not None))


class RoomCreated(Model):
    """The room exists, new or not."""

    room_id: RoomId
    call_id: CallId
    codec_profile: str
    rtp_capabilities: RtpCapabilities


class CreateRoom(RegistryRequest[RoomCreated]):
    """Creates a room, or returns the existing one, whose options stay as they are."""

    verb: ClassVar[str] = "room.create"
    call_id: CallId
    options: RoomOptions | None = None
    """Of a new room."""
    tenant: TenantId | None = None
    """Whose room it is."""


class RoomSnapshot(Model):
    """A room as it was at `revision`. It includes all earlier changes; later ones have a higher revision."""

    room: RoomRecord
    peers: list[PeerRecord]
    revision: Revision
    partial: bool = False
    """Only the peer that the request is about is listed: the sender, whose `known_revision` it named, knows the others.
    `revision` is that of the room's last change."""


class GetRoom(RegistryRequest[RoomSnapshot]):
    """Asks for a room's snapshot. `room_not_found` when there is no such room."""

    verb: ClassVar[str] = "room.get"
    chunked: ClassVar[bool] = True
    room_id: RoomId


class UpdateRoom(RegistryRequest[RoomSnapshot]):
    """Changes the options of a room. `room_not_found` when there is no such room."""

    verb: ClassVar[str] = "room.update"
    chunked: ClassVar[bool] = True
    room_id: RoomId
    changes: RoomChanges


class ListedRoom(Model):
    """A room, and who is in it."""

    room: RoomRecord
    participants: Count
    waiting: Count
    audience: Count = 0
    nodes: list[NodeId] = Field(default_factory=list)
    """As `room_nodes` returns them; empty in answers of older versions."""


class RoomPage(Model):
    """Rooms, in the order of their ids."""

    rooms: list[ListedRoom]
    next: RoomId | None = None
    """`after` of the next page; absent on the last one."""


class ListRooms(RegistryRequest[RoomPage]):
    """Lists the open rooms of a tenant."""

    verb: ClassVar[str] = "room.list"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose rooms."""
    after: RoomId | None = None
    """The last room of the page before."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20


class RoomAnnounced(Event):
    """The application tells everybody in a room something."""

    verb: ClassVar[str] = "rooms.announced"
    data: AppData


class RoomRevisions(Event):
    """The latest revision of each room with peers, so that subscribers detect a lost change."""

    verb: ClassVar[str] = "rooms.revisions"
    revisions: dict[str, Revision]
    """By room id."""
    store: str | None = None
    """The identity of the bucket of rooms. When it changes, the store was lost: instances restore their peers."""
    sequence: Revision = 0
    """The bucket's sequence up to which the sender knows it."""
    rejoined: dict[str, int] = Field(default_factory=dict)
    """NATS clusters that can be reached again, and since when, in Unix milliseconds. Events were lost on the way."""
