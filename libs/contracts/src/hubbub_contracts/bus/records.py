"""The values of the `rooms` bucket: one key for a room's settings, and one for each peer with its producers."""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..room_options import DEFAULT_OPTIONS, RoomOptions
from ..track_source import track_source
from ..types import (
    AppData,
    CallId,
    DisplayName,
    Epoch,
    Id,
    NodeId,
    OpenConnectionState,
    OpenMediaKind,
    OpenPeerRole,
    OpenRoomRole,
    OpenTrackSource,
    Region,
    RoomId,
    TrackSource,
    UserId,
)
from .moderation_records import UNMODERATED, Moderation, UnmuteRequest


class Placement(Model):
    """A media node and its epoch, as the home of a room, or as the host of a peer's media."""

    node_id: NodeId
    """The node."""
    epoch: Epoch
    """Its incarnation."""


class Leaving(Model):
    """The media node that a peer is leaving: it still has what the peer has not replaced on its new one (ADR 48)."""

    placement: Placement
    """The node."""
    deadline: int
    """When the move ends at the latest, in Unix milliseconds."""


class Standby(Model):
    """The media node that hosts a peer at once when its own dies: it has transports of the peer already (ADR 51)."""

    placement: Placement
    """The node. Never the one that the peer is on."""
    producers: list[Id] = Field(default_factory=list)
    """The peer's producers of which it has a copy, which sends nothing until then."""


class RoomRecord(Model):
    """The value of a room's settings key."""

    room_id: RoomId
    call_id: CallId
    codec_profile: str
    """The version of the router capabilities. It never changes in a room, so that a rolling upgrade cannot mix two."""
    created_at: int
    """Unix milliseconds."""
    placement: Placement | None = None
    """The room's home: its first node. Its peers may be on others. Absent while no node can host it."""
    closing: bool = False
    """The room was empty for too long and is about to be deleted. A peer that was written before this keeps it open."""
    operation_id: str | None = None
    """The operation that wrote this. A writer whose reply was lost recognises its own write by it."""
    moderation: Moderation | None = None
    """What moderators have decided; absent: nothing."""
    options: RoomOptions | None = None
    """What the application has decided; absent: nothing."""

    @property
    def rules(self) -> Moderation:
        """What moderators have decided, and the role of those of whom they have decided nothing."""
        decided = self.moderation or UNMODERATED
        if self.chosen.publishers == "moderators":
            return decided.model_copy(update={"listeners": True})
        return decided

    @property
    def chosen(self) -> RoomOptions:
        """What the application has decided."""
        return self.options or DEFAULT_OPTIONS


class ProducerRecord(Model):
    """A producer as the other peers see it."""

    producer_id: Id
    kind: OpenMediaKind
    app_data: AppData
    paused: bool
    source: OpenTrackSource | None = None
    """What the track shows; absent in records of older versions."""
    placement: Placement | None = None
    """Where it is, if it is still on the node that its peer leaves. Absent: where its peer is."""

    @property
    def shows(self) -> TrackSource | None:
        """What the track shows, also by its `appData` or its kind. None: unknown to this version."""
        return track_source(self.kind, self.app_data, self.source)


class PeerRecord(Model):
    """The value of a peer's key. Every change of its producers changes this value."""

    room_id: RoomId
    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    role: OpenPeerRole = "participant"
    """All but participants are hidden."""
    admit_as: OpenPeerRole = "participant"
    """The role that a peer in the lobby gets when it is admitted."""
    whip: bool = False
    """As in JoinRoom."""
    joined_at: int
    """Unix milliseconds."""
    signaling_id: NodeId
    """The signaling instance that serves the peer. It holds the lease of this name."""
    signaling_epoch: Epoch | None = None
    """The epoch of that lease when the instance joined or claimed the peer; absent in records of older versions."""
    claim_id: Id | None = None
    """The join or claim by which the instance serves the peer; absent in records of older versions."""
    resume_digest: str | None = None
    """The hex SHA-256 of the secret for resuming this session; absent when the session is not resumable."""
    former_resume_digest: str | None = None
    """The digest of the secret that `resume_digest` replaced; absent until a session is resumed."""
    resume_family_digest: str | None = None
    """The digest of what all secrets of the session share; absent until it is resumed."""
    resume_rotated_at: int | None = None
    """When the secret was replaced, in Unix milliseconds."""
    placement: Placement | None = None
    """Where the peer's transports are; absent while no node can host them."""
    connection_state: OpenConnectionState = "connected"
    """`disconnected`: the media node has lost the peer's connection, and the peer has made no other one yet."""
    producers: list[ProducerRecord] = Field(default_factory=list)
    operation_id: str | None = None
    """The operation that wrote this, as in RoomRecord."""
    room_role: OpenRoomRole | None = None
    """What the peer's access token lets it do; absent in records of older versions. `Moderation.roles` replaces it."""
    admitted: bool = False
    """A moderator admitted the peer from the lobby."""
    hand_raised_at: int | None = None
    """Unix milliseconds; absent: the hand is not raised."""
    unmute_request: UnmuteRequest | None = None
    """The last one."""
    region: Region | None = None
    """As in JoinRoom; absent: none, as in records of older versions."""
    make_before_break: bool = False
    """As in JoinRoom."""
    leaving: Leaving | None = None
    """The peer moves from there to `placement`, before the media there ends. Absent: it does not."""
    standby: Standby | None = None
    """Where the peer is placed when its node dies; absent: anywhere. Never together with `leaving`."""

    def placement_of(self, producer: ProducerRecord) -> Placement | None:
        """Where a producer of the peer is."""
        return producer.placement or self.placement

    @property
    def watches(self) -> bool:
        """Whether the peer is in the audience, which is counted."""
        return self.role == "audience"

    @property
    def waiting(self) -> bool:
        """Whether the peer is in the lobby."""
        return self.role == "waiting"

    @property
    def hidden(self) -> bool:
        """Whether the others do not see the peer. It has no producers, and only one that waits keeps its room open."""
        return self.role != "participant"
