"""The bodies of the HTTP routes about rooms, calls, recordings, webhooks and access tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from .base import Done, Model
from .bus.recording import RecordingPage
from .bus.revocation import Revocation, RevocationTarget
from .bus.webhook import DeadLetterPage, Replayed, WebhookList
from .call import MAX_PARTICIPANTS, CallInfo, UserPresence
from .recording import Composition, CompositionOptions, Manifest, RecordingInfo, RecordingTicket
from .room_options import RoomChanges, RoomOptions
from .types import (
    AppData,
    CallId,
    Count,
    DisplayName,
    GroupId,
    Id,
    LiveCallId,
    OpenConnectionState,
    OpenMediaKind,
    Revision,
    RtpCapabilities,
    TrackSource,
    UserId,
)
from .webhook import Webhook, WebhookOptions

CallStateFilter = Literal["ringing", "active", "ended"]


class StartCallBody(Model):
    """The body of `POST /calls`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"participants": ["bob"], "displayName": "Alice", "video": True},
                {"participants": ["bob", "carol"], "groupId": "design-team", "appData": {"topic": "review"}},
            ]
        }
    )

    participants: Annotated[list[UserId], Field(default_factory=list, max_length=MAX_PARTICIPANTS)]
    """The users to ring. The caller is left out. May be empty for a group."""
    group_id: GroupId | None = None
    """The group whose call it is. A group has one live call: starting another one enters it."""
    display_name: DisplayName | None = None
    """The caller's name, to show while it rings; the caller's user id by default."""
    video: bool = True
    """Whether the caller calls with video."""
    app_data: AppData = Field(default_factory=dict)
    """The application's data for the callees, at most 8 KiB of JSON."""


class CallList(Model):
    """A page of calls, the newest first."""

    calls: list[CallInfo]
    """Live calls first, on the first page."""
    next: Revision | None = None
    """`before` of the next page; absent on the last one."""


class JoinedCall(Model):
    """What a client needs to join the call's room."""

    call_id: CallId
    """The `callId` of `joinRoom`."""
    user_id: UserId
    """The `userId` of `joinRoom`."""
    rtp_capabilities: RtpCapabilities
    """The router's capabilities, for `device.load({routerRtpCapabilities})`."""
    call: CallInfo
    """The call, which the user has entered."""


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


class RoomParticipants(Model):
    """Who is in the call's room, as the room registry sees it."""

    call_id: LiveCallId
    """The call."""
    participants: list[RoomParticipant]
    """In the order of their joining."""


class PresenceList(Model):
    """The presence of users."""

    users: list[UserPresence]
    """In the order of the request."""


class StartRecordingBody(Model):
    """The body of `POST /recordings`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"callId": "standup", "audioOnly": False}]})

    call_id: CallId
    """The room to record; somebody must have created it."""
    audio_only: bool = False
    """Whether to record no video."""
    user_id: UserId | None = None
    """The user to name in `startedBy`. With the access token of a user who is no admin, it is that user."""


class RevokeBody(RevocationTarget):
    """The body of `POST /revocations`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"userId": "alice", "callId": "standup"}, {"tokenId": "uEJoIRbGmGgcDX9DmjqFuA"}]
        }
    )


class CreateTokenBody(Model):
    """The body of `POST /tokens`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "userId": "alice",
                    "displayName": "Alice",
                    "grants": {"rooms": ["standup"], "join": True, "publish": True},
                }
            ]
        }
    )

    user_id: UserId
    """The user, `sub`."""
    display_name: DisplayName | None = None
    """The name to show; absent: the client chooses it."""
    grants: AppData
    """What the client may do, as the claim `hubbub`. What is absent is denied."""
    lifetime: Annotated[int, Field(ge=1, le=31_536_000)] = 3600
    """Seconds until the token expires."""


class CreatedToken(Model):
    """An access token."""

    token: str
    """Give it to the client."""
    expires_at: int
    """Unix milliseconds."""


class ComposeRecordingBody(CompositionOptions):
    """The body of `POST /recordings/{recordingId}/compositions`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"layout": "speaker", "format": "mp4"}]})


class WebhookBody(WebhookOptions):
    """The body of `POST /webhooks` and `PUT /webhooks/{webhookId}`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "https://app.example/hubbub-events"},
                {"url": "https://app.example/presence", "events": ["peer.joined", "peer.left"]},
            ]
        }
    )


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
    locked: bool
    """Whether nobody new may join."""
    lobby: bool
    """Whether who joins waits until a moderator admits them."""
    banned: list[UserId]
    """Who may not join until the room ends."""


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


@dataclass(frozen=True)
class Route:
    """One HTTP route."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    answer: type[Model]
    """The body of a successful answer."""
    summary: str
    """What the route does, in Markdown."""
    body: type[Model] | None = None
    """The body of the request; None: it has none."""
    status: int = 200
    """The status of a successful answer."""
    query: tuple[tuple[str, str], ...] = ()
    """The query parameters with their meaning, in Markdown."""


START_CALL = Route(
    "POST",
    "/calls",
    CallInfo,
    "Starts a call and rings its participants, or enters the live call of the same users or group. "
    "Two users who call each other at once share one call.",
    StartCallBody,
    201,
)
LIST_CALLS = Route(
    "GET",
    "/calls",
    CallList,
    "Lists the user's calls, the newest first, and a group's live call.",
    query=(
        ("groupId", "only calls of this group; its live call is listed for users outside of it, too"),
        ("state", "`ringing`, `active` or `ended`"),
        ("missed", "`true`: only calls that the user missed"),
        ("before", "`next` of the page before"),
        ("limit", "1 to 100 calls of the history; 20 by default"),
    ),
)
GET_CALL = Route("GET", "/calls/{callId}", CallInfo, "Returns a call, live or from the history.")
JOIN_CALL = Route(
    "POST", "/calls/{callId}/join", JoinedCall, "Answers or enters a call. The answer has what `joinRoom` needs."
)
LEAVE_CALL = Route(
    "POST", "/calls/{callId}/leave", CallInfo, "Leaves a call. The user's peers are removed from its room."
)
END_CALL = Route(
    "POST",
    "/calls/{callId}/end",
    CallInfo,
    "Ends a call for everybody; of a group's call only the caller and the operator may. Its room is emptied.",
)
GET_PARTICIPANTS = Route("GET", "/calls/{callId}/participants", RoomParticipants, "Lists the peers in the call's room.")
GET_PRESENCE = Route(
    "GET",
    "/presence",
    PresenceList,
    "Tells which users can be reached.",
    query=(("userId", "a user; may be repeated up to 100 times"),),
)
START_RECORDING = Route(
    "POST",
    "/recordings",
    RecordingInfo,
    "Records a room, or returns the recording that runs. Everybody in the room is told.",
    StartRecordingBody,
    201,
)
LIST_RECORDINGS = Route(
    "GET",
    "/recordings",
    RecordingPage,
    "Lists recordings, the newest first. Only an admin lists those of all rooms.",
    query=(
        ("callId", "only recordings of this room"),
        ("before", "`next` of the page before"),
        ("limit", "1 to 100 recordings; 20 by default"),
    ),
)
GET_RECORDING = Route("GET", "/recordings/{recordingId}", Manifest, "Returns a recording and its files.")
STOP_RECORDING = Route("POST", "/recordings/{recordingId}/stop", RecordingInfo, "Stops a recording.")
CREATE_TICKET = Route(
    "POST",
    "/recordings/{recordingId}/ticket",
    RecordingTicket,
    "Creates a ticket. As the query parameter `ticket`, it gives access to the files of this recording for 12 hours, "
    "also where no header can be sent, as in a `<video>` element. Whoever has the address can read the file.",
    status=201,
)
DELETE_RECORDING = Route(
    "DELETE", "/recordings/{recordingId}", Done, "Deletes a recording that has stopped, and its files."
)
COMPOSE_RECORDING = Route(
    "POST",
    "/recordings/{recordingId}/compositions",
    Composition,
    "Makes one file of all tracks of a recording, or returns the composition that was asked for with the same options. "
    "While the recording runs, it is composed live. `GET /recordings/{recordingId}` lists it with its progress.",
    ComposeRecordingBody,
    202,
)
RECORDING_ROUTES = (
    START_RECORDING,
    LIST_RECORDINGS,
    GET_RECORDING,
    STOP_RECORDING,
    COMPOSE_RECORDING,
    CREATE_TICKET,
    DELETE_RECORDING,
)
"""The routes about recordings with JSON bodies. Files are served at `/recordings/{recordingId}/files/{file}`."""
CALL_ROUTES = (
    START_CALL,
    LIST_CALLS,
    GET_CALL,
    JOIN_CALL,
    LEAVE_CALL,
    END_CALL,
    GET_PARTICIPANTS,
    GET_PRESENCE,
)
"""The routes about calls."""
CREATE_WEBHOOK = Route(
    "POST",
    "/webhooks",
    Webhook,
    "Adds an endpoint. Its first events tell the present state of all rooms. The answer has the keys that sign.",
    WebhookBody,
    201,
)
LIST_WEBHOOKS = Route("GET", "/webhooks", WebhookList, "Lists the endpoints, without their keys.")
UPDATE_WEBHOOK = Route(
    "PUT",
    "/webhooks/{webhookId}",
    Webhook,
    "Replaces the options of an endpoint. Without keys, it keeps its own.",
    WebhookBody,
)
DELETE_WEBHOOK = Route(
    "DELETE", "/webhooks/{webhookId}", Done, "Removes an endpoint with everything that waits for it."
)
TEST_WEBHOOK = Route(
    "POST",
    "/webhooks/{webhookId}/test",
    Done,
    "Posts an event `webhook.test` to an endpoint, once. An error says why it failed.",
)
LIST_DEAD_LETTERS = Route(
    "GET",
    "/webhooks/{webhookId}/dead-letters",
    DeadLetterPage,
    "Lists the events that could not be delivered to an endpoint, the oldest first.",
    query=(("after", "`next` of the page before"), ("limit", "1 to 100 dead letters; 20 by default")),
)
REPLAY_DEAD_LETTERS = Route(
    "POST",
    "/webhooks/{webhookId}/dead-letters/replay",
    Replayed,
    "Delivers the dead letters of an endpoint again, behind the events that wait.",
)
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
    REMOVE_ROOM_PEER,
    LIFT_BAN,
    MUTE_ROOM_PEER,
    STOP_ROOM_PEER,
    ANNOUNCE,
)
"""The routes about rooms. `{room}` is a `callId`, or `~` and its base64url, which is needed for one with a slash."""
WEBHOOK_ROUTES = (
    CREATE_WEBHOOK,
    LIST_WEBHOOKS,
    UPDATE_WEBHOOK,
    DELETE_WEBHOOK,
    TEST_WEBHOOK,
    LIST_DEAD_LETTERS,
    REPLAY_DEAD_LETTERS,
)
"""The routes about webhooks."""
REVOKE = Route(
    "POST",
    "/revocations",
    Revocation,
    "Revokes access tokens, for an admin: one token, or those of a user, in all rooms or in one. The sessions of these "
    "tokens end.",
    RevokeBody,
    201,
)
CREATE_TOKEN = Route(
    "POST",
    "/tokens",
    CreatedToken,
    "Creates an access token, for a server with an API key. `unsupported` when no key of ACCESS_KEYS can sign: then "
    "the tokens are signed where the private key is.",
    CreateTokenBody,
    201,
)
ACCESS_ROUTES = (REVOKE, CREATE_TOKEN)
"""The routes about access tokens."""
ROUTES = (*ROOM_ROUTES, *CALL_ROUTES, *RECORDING_ROUTES, *WEBHOOK_ROUTES, *ACCESS_ROUTES)
"""All routes with JSON bodies, in the order of the reference."""
