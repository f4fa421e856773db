"""The HTTP routes about rooms, and their bodies."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from ..base import Done, Model
from ..bus.records import Placement
from ..room_options import RoomChanges, RoomOptions
from ..rtc_stats import RoomTransports
from ..types import (
    AppData,
    CallId,
    Count,
    DisplayName,
    Id,
    NodeId,
    OpenConnectionState,
    OpenMediaKind,
    TrackSource,
    UserId,
)
from .route import Route


class RoomParticipant(Model):
    """A peer in the call's room. A user with two devices in the call is two peers."""

    peer_id: Id
    """The peer's id."""
    user_id: UserId
    """The `userId` of its `joinRoom`."""
    display_name: DisplayName
    """The name to show."""
    joined_at: int
    """Unix milliseconds."""
    connection_state: OpenConnectionState
    """Whether the server has a media connection with the peer."""


class CreateRoomBody(RoomOptions):
    """The body of `POST /rooms`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"callId": "standup"}, {"callId": "webinar", "maxPeers": 500, "publishers": "moderators"}]
        }
    )

    call_id: CallId
    """The room."""


class UpdateRoomBody(RoomChanges):
    """The body of `PATCH /rooms/{room}`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"publishers": "everybody", "locked": True}]})

    locked: bool | None = None
    """Whether nobody new may join."""
    lobby: bool | None = None
    """Whether who joins waits until a moderator admits them."""


class RoomInfo(RoomOptions):
    """A room."""

    call_id: CallId
    """The room."""
    created_at: int
    """Unix milliseconds."""
    participants: Count
    """How many are in it."""
    waiting: Count
    """How many wait in its lobby."""
    audience: Count = 0
    """How many only watch."""
    locked: bool
    """Whether nobody new may join."""
    lobby: bool
    """Whether who joins waits until a moderator admits them."""
    banned: list[UserId]
    """Who may not join until the room ends."""
    placement: Placement | None = None
    """The room's first media node. Absent: none, or nobody has joined."""
    nodes: list[NodeId] = Field(default_factory=list)
    """All its media nodes: the first one, and those of its peers."""


class RoomList(Model):
    """A page of rooms."""

    rooms: list[RoomInfo]
    """The rooms, in no order that means anything."""
    next: str | None = None
    """`after` of the next page; absent on the last one."""


class RoomProducer(Model):
    """A track that a peer sends."""

    producer_id: Id
    """The producer's id."""
    peer_id: Id
    """The peer that sends it."""
    kind: OpenMediaKind
    """`audio` or `video`."""
    source: str | None = None
    """`microphone`, `camera`, `screen` or `screen-audio`; absent: unknown to this version of the server."""
    paused: bool
    """Whether it is paused, also by a mute."""
    app_data: AppData
    """The application's data of `produce`."""


class RoomPeer(RoomParticipant):
    """A participant of a room, with its tracks."""

    app_data: AppData
    """The application's data of `joinRoom`."""
    muted: list[str]
    """The sources that a moderator has muted."""
    hand_raised_at: int | None = None
    """Unix milliseconds; absent: the hand is not raised."""
    placement: Placement | None = None
    """The media node that hosts the peer's transports; absent while none can."""
    producers: list[RoomProducer]
    """The tracks."""


class RoomPeers(Model):
    """The participants of a room."""

    peers: list[RoomPeer]
    """In the order of their joining."""


class RoomProducers(Model):
    """The tracks that are sent in a room."""

    producers: list[RoomProducer]
    """By peer."""


class MuteBody(Model):
    """The body of `POST /rooms/{room}/peers/{peerId}/mute`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "microphone"}]})

    source: TrackSource
    """What is muted, of all peers of the user, now and until it is lifted."""
    muted: bool = True
    """False lifts the mute, and asks the user to send again; nothing is switched on."""


class StopSourceBody(Model):
    """The body of `POST /rooms/{room}/peers/{peerId}/stop`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "screen"}]})

    source: TrackSource
    """Whose producers are closed."""


class AnnounceBody(Model):
    """The body of `POST /rooms/{room}/announcements`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": {"text": "Five minutes left"}}]})

    data: AppData
    """What everybody in the room gets, in the event `announcement`."""


CREATE_ROOM = Route(
    "POST",
    "/rooms",
    RoomInfo,
    "Creates a room with these options, or returns the existing one, whose options stay as they are.",
    CreateRoomBody,
    201,
)
LIST_ROOMS = Route(
    "GET",
    "/rooms",
    RoomList,
    "Lists the open rooms.",
    query=(("after", "`next` of the page before"), ("limit", "1 to 100 rooms; 20 by default")),
)
GET_ROOM = Route("GET", "/rooms/{room}", RoomInfo, "Returns a room.")
UPDATE_ROOM = Route(
    "PATCH",
    "/rooms/{room}",
    RoomInfo,
    "Changes options of a room, locks it, or switches its lobby. What the body leaves out stays as it is.",
    UpdateRoomBody,
)
CLOSE_ROOM = Route("DELETE", "/rooms/{room}", Done, "Ends a room for everybody in it.")
LIST_ROOM_PEERS = Route("GET", "/rooms/{room}/peers", RoomPeers, "Lists the participants of a room, with their tracks.")
LIST_ROOM_PRODUCERS = Route(
    "GET", "/rooms/{room}/producers", RoomProducers, "Lists the tracks that are sent in a room."
)
LIST_ROOM_TRANSPORTS = Route(
    "GET",
    "/rooms/{room}/transports",
    RoomTransports,
    "Lists the transports of a room's participants with their counters, as the media nodes read them now, and the "
    "pipes that carry tracks between workers and nodes. Those of a node that does not answer are left out.",
)
REMOVE_ROOM_PEER = Route(
    "DELETE",
    "/rooms/{room}/peers/{peerId}",
    Done,
    "Removes a participant.",
    query=(("ban", "`true`: its user may not join again until the room ends"),),
)
LIFT_BAN = Route(
    "DELETE",
    "/rooms/{room}/bans",
    Done,
    "Lets a banned user join again, also with the access tokens that the ban has revoked.",
    query=(("userId", "the user"),),
)
MUTE_ROOM_PEER = Route(
    "POST",
    "/rooms/{room}/peers/{peerId}/mute",
    Done,
    "Mutes a source of a participant's user, or lifts that.",
    MuteBody,
)
STOP_ROOM_PEER = Route(
    "POST",
    "/rooms/{room}/peers/{peerId}/stop",
    Done,
    "Closes a participant's tracks of one source. They may be started again.",
    StopSourceBody,
)
ANNOUNCE = Route(
    "POST", "/rooms/{room}/announcements", Done, "Tells everybody in a room something. It is not stored.", AnnounceBody
)
ROOM_ROUTES = (
    CREATE_ROOM,
    LIST_ROOMS,
    GET_ROOM,
    UPDATE_ROOM,
    CLOSE_ROOM,
    LIST_ROOM_PEERS,
    LIST_ROOM_PRODUCERS,
    LIST_ROOM_TRANSPORTS,
    REMOVE_ROOM_PEER,
    LIFT_BAN,
    MUTE_ROOM_PEER,
    STOP_ROOM_PEER,
    ANNOUNCE,
)
"""The routes about rooms. `{room}` is a `callId`, or `~` and its base64url, which is needed for one with a slash."""
