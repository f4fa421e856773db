"""Rooms and their peers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from ..base import Done, Model
from ..bus.peer import LeaveReason
from ..layers import ConsumerLayers
from ..scores import ConsumerScores, EncodingScore
from ..types import (
    AppData,
    CallId,
    Count,
    DisplayName,
    Id,
    NodeId,
    OpenConnectionState,
    OpenDirection,
    OpenMediaKind,
    OpenRoomRole,
    OpenTrackSource,
    Region,
    Revision,
    RtpCapabilities,
    UserId,
)
from .base import ClientRequest, IceServer, Mutation, Push
from .captions import CaptionsStatus
from .moderation import ModerationState
from .recording import RunningRecording

RoomClosedReason = Literal["closed", "lost", "removed", "banned", "refused"]
Feature = Annotated[str, StringConstraints(max_length=32)]
"""What a client can do beyond the first version of the protocol. Servers ignore those that they do not know."""
LOBBY: Final = "lobby"
MAKE_BEFORE_BREAK: Final = "makeBeforeBreak"


class RoomReady(Model):
    """The room exists."""

    call_id: CallId
    """The room's id, as requested."""
    rtp_capabilities: RtpCapabilities
    """The router's capabilities, for `device.load({routerRtpCapabilities})`."""


class CreateRoom(Mutation[RoomReady]):
    """Creates a room, or returns the existing one."""

    event: ClassVar[str] = "createRoom"
    call_id: CallId
    """The room's id, chosen by the application."""


class ProducerInfo(Model):
    """A producer of a peer."""

    producer_id: Id
    """The producer's id, which `consume` takes."""
    kind: OpenMediaKind
    """The kind of its track."""
    app_data: AppData
    """The `appData` of its `produce`."""
    paused: bool
    """Whether it is paused."""
    source: OpenTrackSource | None = None
    """What the track shows."""


class PeerInfo(Model):
    """Another peer in the room."""

    peer_id: Id
    """The peer's id, unique in the room."""
    user_id: UserId
    """The `userId` of its `joinRoom`. Several peers may have the same one."""
    display_name: DisplayName
    """The name to show."""
    app_data: AppData
    """The `appData` of its `joinRoom`."""
    connection_state: OpenConnectionState
    """Whether the server has a media connection with the peer: see `peerConnectionState`."""
    producers: list[ProducerInfo]
    """The peer's producers."""
    role: OpenRoomRole | None = None
    """What the peer may do: `moderator`, `speaker`, or `listener`."""
    muted: list[OpenTrackSource] = Field(default_factory=list)
    """The peer's sources that a moderator muted."""
    hand_raised_at: int | None = None
    """When the peer raised its hand, in Unix milliseconds; absent: it is not raised."""


class RoomJoined(Model):
    """The room as it was when the peer joined, or nothing of it while the peer waits in the lobby."""

    peer_id: Id
    """The client's own peer id."""
    peers: list[PeerInfo]
    """The other peers."""
    revision: Revision
    """The room's revision that this list shows. Later events have a higher one."""
    ice_servers: list[IceServer]
    """STUN and TURN servers for the client's ICE agent; may be empty."""
    captions: CaptionsStatus | None = None
    """The room's captions; absent: they are off. `captionsState` tells of changes."""
    resume_token: str | None = None
    """The secret for `resume`; present when the client joined with `resumable`."""
    recordings: list[RunningRecording] = Field(default_factory=list)
    """The recordings of the room that are running."""
    moderation: ModerationState | None = None
    """What moderators have decided; absent while the client waits."""
    waiting: bool = False
    """Whether the client waits in the lobby. `admitted` or `roomClosed` follows. Only for clients that named the
    feature `lobby`."""
    audience: Count = 0
    """How many only watch, the client included if it does. `audienceChanged` tells of changes."""


class JoinRoom(Mutation[RoomJoined]):
    """Joins a room. The other peers receive `peerJoined`, unless the client joins its `audience`.

    In a room with a lobby, the answer comes when a moderator admits the client, or is `not_admitted` when one refuses
    it or none admits it within `LOBBY_TIMEOUT` (60 s). A client that names the feature `lobby` is answered at once with
    `waiting`, and waits without a limit.
    """

    event: ClassVar[str] = "joinRoom"
    call_id: CallId
    """The room's id."""
    user_id: UserId
    """The application's id of the user."""
    rtp_capabilities: RtpCapabilities
    """`device.rtpCapabilities`, at most 64 KiB of JSON."""
    display_name: DisplayName | None = None
    """The name that the other peers show; `userId` by default."""
    app_data: AppData = Field(default_factory=dict)
    """The application's data for the other peers, at most 8 KiB of JSON; `{}` by default."""
    sctp_capabilities: dict[str, Any] | None = None
    """`device.sctpCapabilities`. Accepted for compatibility; not used."""
    resumable: bool = False
    """Whether the session outlives its socket for `RECONNECT_GRACE` (30 s by default), so that `resume` can
    continue it. Otherwise the peer leaves when the socket closes."""
    features: list[Feature] = Field(default_factory=list, max_length=16)
    """What the client can do: `lobby`, it handles `waiting` in the answer, and `admitted`; `makeBeforeBreak`, it
    handles `peerMoved` with `makeBeforeBreak`. Others are ignored."""
    region: Region | None = None
    """Where the client is, as the operator names regions (`REGION` of media nodes), such as `eu-west`: 1 to 32 of
    `a-z`, `0-9` and `-`. The peer is placed on a node of this region if one takes work, else on any. Absent: the region
    of the signaling instance."""
    audience: bool = False
    """Whether the client only watches. It is counted, not listed: the others get no `peerJoined` and no `peerLeft` of
    it, but `audienceChanged`. It receives everything, and may send nothing: `produce` is refused with `not_allowed`. A
    client whose access token has the grant `hidden` is not even counted."""


class LeaveRoom(Mutation[Done]):
    """Leaves the room and closes the peer's transports. The other peers receive `peerLeft`."""

    event: ClassVar[str] = "leaveRoom"


class ResumedTransport(Model):
    """A transport of the peer that still exists."""

    transport_id: Id
    """The transport's id."""
    direction: OpenDirection
    """Whether it sends or receives, from the client's point of view."""


class ResumedProducer(ProducerInfo):
    """A producer of the client that still exists."""

    encodings_wanted: list[bool] | None = None
    """As `producerLayersWanted` said last; absent: all."""
    score: list[EncodingScore] | None = None
    """As `producerScore` said last; absent: 10."""


class ResumedConsumer(Model):
    """A consumer of the peer that still exists."""

    consumer_id: Id
    """The consumer's id."""
    producer_id: Id
    """The producer that it receives."""
    paused: bool
    """Whether it is paused."""
    layers: ConsumerLayers | None = None
    """Of a `simulcast` or `svc` consumer: the layers that it receives; absent: nothing, or not known."""
    paused_by_bandwidth: bool = False
    """Whether it receives nothing for lack of bandwidth, as `consumerPaused` says."""
    paused_by_link: bool = False
    """Whether it receives nothing because its sender cannot be reached, as `consumerPaused` says."""
    score: ConsumerScores | None = None
    """As `consumerScore` said last; absent: 10."""


class SessionResumed(Model):
    """The present state. Resources of the client that are not listed no longer exist."""

    peer_id: Id
    """The client's own peer id."""
    peers: list[PeerInfo]
    """The other peers."""
    revision: Revision
    """The room's revision that this list shows. Later events have a higher one."""
    ice_servers: list[IceServer]
    """STUN and TURN servers with new TURN credentials; may be empty."""
    captions: CaptionsStatus | None = None
    """As `joinRoom` answers."""
    resume_token: str
    """The secret for the next `resume`. It replaces the one that was shown, which stays good until this one is used, or
    for `RECONNECT_GRACE`. A secret that is shown later ends the session: somebody has copied it."""
    transports: list[ResumedTransport]
    """The client's transports that still exist."""
    producers: list[ResumedProducer]
    """The client's producers that still exist."""
    consumers: list[ResumedConsumer]
    """The client's consumers that still exist."""
    recordings: list[RunningRecording] = Field(default_factory=list)
    """The recordings of the room that are running."""
    moderation: ModerationState | None = None
    """What moderators have decided; absent while the client waits."""
    waiting: bool = False
    """Whether the client still waits in the lobby."""
    audience: Count = 0
    """As `joinRoom` answers."""


class Resume(ClientRequest[SessionResumed]):
    """Continues a session on a new socket, on any signaling instance."""

    event: ClassVar[str] = "resume"
    resume_token: str = Field(max_length=1024)
    """The token from `joinRoom` or the last `resume`."""
    last_revision: Revision = 0
    """The last revision that the client saw. Accepted for compatibility; the answer is always complete."""
    rtp_capabilities: RtpCapabilities | None = None
    """`device.rtpCapabilities`, at most 64 KiB of JSON; used when no server still has those of `joinRoom`."""


class PeerJoined(Push):
    """Another peer joined."""

    event: ClassVar[str] = "peerJoined"
    peer_id: Id
    """The peer's id."""
    user_id: UserId
    """The `userId` of its `joinRoom`."""
    display_name: DisplayName
    """The name to show."""
    app_data: AppData
    """The `appData` of its `joinRoom`."""
    role: OpenRoomRole | None = None
    """What the peer may do: `moderator`, `speaker`, or `listener`."""
    muted: list[OpenTrackSource] = Field(default_factory=list)
    """The peer's sources that a moderator muted."""
    revision: Revision
    """The room's revision that includes this change."""


class Admitted(Push):
    """A moderator admitted the client from the lobby: it is in the room now."""

    event: ClassVar[str] = "admitted"
    room: RoomJoined
    """What `joinRoom` answers in a room without a lobby."""


class PeerLeft(Push):
    """Another peer left."""

    event: ClassVar[str] = "peerLeft"
    peer_id: Id
    """The peer's id."""
    user_id: UserId
    """The `userId` of its `joinRoom`."""
    reason: LeaveReason
    """`left`: it sent `leaveRoom`. `disconnected`: its socket closed and was not resumed in time. `signaling_lost`: its
    signaling instance failed and the session was not resumed in time. `room_closed`: the room was closed. `kicked`,
    `banned`: a moderator removed it. `removed`: the registry removed it, for example because the room was full.
    `other`: a reason that this version of the server does not know."""
    revision: Revision
    """The room's revision that includes this change."""


class AudienceChanged(Push):
    """The number of those who only watch has changed. It is told at most once a second up to 100 of them, else at most
    once in 10 s; the last change is always told."""

    event: ClassVar[str] = "audienceChanged"
    count: Count
    """How many they are, as the signaling instance of the client knows it now; the client included if it is one."""


class PeerConnectionState(Push):
    """The server lost the media connection with another peer, or has one again."""

    event: ClassVar[str] = "peerConnectionState"
    peer_id: Id
    """The peer's id."""
    state: OpenConnectionState
    """`disconnected`: the media node has received nothing from the peer for 8 s, not even consent checks (RFC 7675), or
    the handshake of its transport did not complete; the peer stays in the room until `peerLeft`. `connected`: the node
    receives something again, or the peer has a new transport. A peer that sends no media is connected as long as its
    transport is. `other`: a state that this version of the server does not know."""
    revision: Revision
    """The room's revision that includes this change."""


class PeerMoved(Push):
    """The client's media moves to another node. The client creates new transports, produces and consumes again.

    With `makeBeforeBreak` it does so while the old ones carry on: `createTransport {home: "next"}`, `produce
    {replaces}` for each of its producers, `consume` for what it displays, then `moveDone`.

    With `standby` it has moved already, to what it has made on its standby: it sends over these producers, receives
    over these consumers, and makes what is missing.
    """

    event: ClassVar[str] = "peerMoved"
    node_id: NodeId
    """The name of the new media node."""
    deadline: int
    """The end of media over the old transports, in Unix milliseconds; in the past when it has already ended."""
    make_before_break: bool
    """Whether the old transports still carry media until `deadline`. Only for clients with the feature
    `makeBeforeBreak`."""
    standby: bool = False
    """Whether the new node is the client's standby, which has what the client has made there with `createTransport
    {home: "standby"}`. Everything on the former node is lost."""


class MoveDone(Mutation[Done]):
    """Ends the client's move to another media node: what it still has on the former one is closed. Succeeds when no
    move is under way."""

    event: ClassVar[str] = "moveDone"


class Announcement(Push):
    """The application tells everybody in the room something: a server has posted it to
    `/rooms/{room}/announcements`."""

    event: ClassVar[str] = "announcement"
    data: AppData
    """What the server has posted, at most 8 KiB of JSON."""


class RoomClosed(Push):
    """The room no longer exists, and the client is no longer in it."""

    event: ClassVar[str] = "roomClosed"
    reason: RoomClosedReason
    """`closed`: the room was closed. `lost`: the registry no longer has the room or this peer. `removed`: a moderator
    removed the client, which may join again. `banned`: it may not join again until the room ends. `refused`: a
    moderator did not admit the client from the lobby."""
