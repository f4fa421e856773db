"""Rooms and peers: who is here."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..base import Done, Model
from ..types import AppData, CallId, DisplayName, Id, MediaKind, NodeId, Revision, RtpCapabilities, UserId
from .base import ClientRequest, IceServer, Mutation, Push

PeerLeftReason = Literal["left", "disconnected", "signaling_lost", "room_closed", "removed"]
RoomClosedReason = Literal["closed", "lost"]


class RoomReady(Model):
    """There is a room; `rtpCapabilities` is what `Device.load({routerRtpCapabilities})` takes."""

    call_id: CallId
    rtp_capabilities: RtpCapabilities


class CreateRoom(Mutation[RoomReady]):
    """Makes the room, or returns the one there is."""

    event: ClassVar[str] = "createRoom"
    call_id: CallId


class ProducerInfo(Model):
    """A producer in a peer's list."""

    producer_id: Id
    kind: MediaKind
    app_data: AppData
    paused: bool


class PeerInfo(Model):
    """Another peer in the room."""

    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    producers: list[ProducerInfo]


class RoomJoined(Model):
    """Who is in the room; later events have a higher revision."""

    peer_id: Id
    peers: list[PeerInfo]
    revision: Revision
    ice_servers: list[IceServer]
    resume_token: str | None = None


class JoinRoom(Mutation[RoomJoined]):
    """Enters the room; others get `peerJoined`. With `resumable` a lost socket may be resumed for a while."""

    event: ClassVar[str] = "joinRoom"
    call_id: CallId
    user_id: UserId
    rtp_capabilities: RtpCapabilities
    display_name: DisplayName | None = None
    """The userId when absent."""
    app_data: AppData = Field(default_factory=dict)
    sctp_capabilities: dict[str, Any] | None = None
    resumable: bool = False


class LeaveRoom(Mutation[Done]):
    """Closes everything of the peer; others get `peerLeft`."""

    event: ClassVar[str] = "leaveRoom"


class ResumedTransport(Model):
    """One of the peer's transports that lives on."""

    transport_id: Id
    direction: Literal["send", "recv"]


class ResumedConsumer(Model):
    """One of the peer's consumers that lives on."""

    consumer_id: Id
    producer_id: Id
    paused: bool


class SessionResumed(Model):
    """What is true now. What the client holds and is not listed here is gone."""

    peer_id: Id
    peers: list[PeerInfo]
    revision: Revision
    ice_servers: list[IceServer]
    resume_token: str
    transports: list[ResumedTransport]
    producers: list[ProducerInfo]
    consumers: list[ResumedConsumer]


class Resume(ClientRequest[SessionResumed]):
    """Takes a session over on a new socket, on any instance."""

    event: ClassVar[str] = "resume"
    resume_token: str = Field(max_length=1024)
    last_revision: Revision = 0
    rtp_capabilities: RtpCapabilities | None = None
    """Those of the join, for the case that nobody remembers them."""


class PeerJoined(Push):
    """Somebody came."""

    event: ClassVar[str] = "peerJoined"
    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    revision: Revision


class PeerLeft(Push):
    """Somebody went."""

    event: ClassVar[str] = "peerLeft"
    peer_id: Id
    user_id: UserId
    reason: PeerLeftReason
    revision: Revision


class PeerMoved(Push):
    """This client's media has another home: it makes new transports now, and produces and consumes again."""

    event: ClassVar[str] = "peerMoved"
    node_id: NodeId
    deadline: int
    """Unix milliseconds until which the old transports carry media; in the past when they are gone already."""
    make_before_break: bool


class RoomClosed(Push):
    """The room is gone."""

    event: ClassVar[str] = "roomClosed"
    reason: RoomClosedReason
