"""Requests about peers, answered by the registry."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..base import Done, Model, RegistryRequest
from ..open_enum import OpenEnum
from ..types import (
    AppData,
    ConnectionState,
    DisplayName,
    Epoch,
    Id,
    NodeId,
    PeerRole,
    Region,
    Revision,
    RoomId,
    RoomRole,
    UserId,
)
from .records import PeerRecord, Placement, RoomRecord
from .room import RoomSnapshot

LeaveReason = Annotated[
    Literal[
        "left",
        "disconnected",
        "signaling_lost",
        "room_closed",
        "removed",
        "kicked",
        "banned",
        "refused",
        "disk_full",
        "failed",
        "other",
    ],
    OpenEnum(),
]
"""Why a peer left: the header `Hubbub-Reason` of the purge carries it. A recorder leaves as `disk_full` or `failed`."""


class JoinRoom(RegistryRequest[RoomSnapshot]):
    """Adds a peer to a room, and places it on a media node. The reply includes the new peer.

    Sent by signaling for a client, or by a service that is a peer itself, under a lease of its own.

    Errors: `banned`, `room_locked`, `not_admitted` when the room has a lobby and the sender cannot wait. A peer that
    waits in the lobby has the role `waiting` in the reply.
    """

    verb: ClassVar[str] = "peer.join"
    chunked: ClassVar[bool] = True
    room_id: RoomId
    peer_id: Id
    user_id: UserId
    display_name: DisplayName
    app_data: AppData
    role: PeerRole = "participant"
    whip: bool = False
    """The client publishes by WHIP: its next publication in the room, of the same `user_id`, replaces this one."""
    signaling_id: NodeId
    """The instance that serves the peer: it holds the lease `subjects.signaling_lease` of this name."""
    signaling_epoch: Epoch | None = None
    """The epoch of the instance's lease."""
    claim_id: Id | None = None
    """New for each attempt to join. The record keeps it until another claim replaces it."""
    resume_digest: str | None = None
    room_role: RoomRole | None = None
    """What the client's access token lets it do."""
    exempt: bool = False
    """The room's lock and its lobby do not hold the peer: its access token lets it moderate."""
    may_wait: bool = False
    """The sender handles a peer that waits in the lobby. Older versions do not."""
    known_revision: Revision | None = None
    """The sender follows the room and knows it at this revision: the reply may be partial. Absent: it must not be."""
    region: Region | None = None
    """Where the peer is: nodes of this region are preferred for it, now and whenever it moves. Absent: none is."""
    make_before_break: bool = False
    """The client makes new transports before the old ones end, when its media node drains (`EndMove`)."""


class EndMove(RegistryRequest[Done]):
    """Ends the move of a peer to another media node: `PeerRecord.leaving` is removed, with the producers that are still
    on that node. Succeeds when no move is under way.

    Errors: `conflict` when the peer was claimed since `claim_id`.
    """

    verb: ClassVar[str] = "peer.end-move"
    room_id: RoomId
    peer_id: Id
    claim_id: Id
    """The join or claim under which the sender serves the peer."""


class StandbyChosen(Model):
    """The peer has a standby."""

    placement: Placement
    """The node."""
    revision: Revision
    """The revision of a state of the room that names it."""


class ChooseStandby(RegistryRequest[StandbyChosen]):
    """Chooses the media node that hosts the peer when its own dies, and writes `PeerRecord.standby`. The present one is
    the answer while there is one.

    Errors: `unavailable` (retryable) when no other node may host it now, when too many were chosen lately for it or on
    the other nodes, while the present one ends, or in a room of nearly `MAX_ROOM_BYTES`; `unavailable` (not retryable)
    where nobody has one, by `STANDBY` or `ROOM_PEERS_PER_NODE=0`; `invalid_state` when the peer has no placement,
    moves, or waits in the lobby; `not_found` without such a peer.
    """

    verb: ClassVar[str] = "peer.choose-standby"
    room_id: RoomId
    peer_id: Id
    avoid: Placement | None = None
    """A node that comes after all others: it made no transport for this peer. Older versions ignore it."""


class EndStandby(RegistryRequest[Done]):
    """Removes `PeerRecord.standby` if it names this node. Succeeds when it does not."""

    verb: ClassVar[str] = "peer.end-standby"
    room_id: RoomId
    peer_id: Id
    placement: Placement


class LeaveRoom(RegistryRequest[Done]):
    """Removes a peer with its producers. Succeeds when there is no such peer.

    Errors: `conflict` when the peer was claimed since `claim_id`.
    """

    verb: ClassVar[str] = "peer.leave"
    room_id: RoomId
    peer_id: Id
    reason: LeaveReason
    claim_id: Id | None = None
    """The join or claim under which the sender serves the peer. When absent, the peer is removed in any case."""


class SetConnectionState(RegistryRequest[Done]):
    """Records whether the media node has a connection with the peer.

    Errors: `conflict` when the peer was claimed since `claim_id`.
    """

    verb: ClassVar[str] = "peer.set-connection-state"
    room_id: RoomId
    peer_id: Id
    claim_id: Id
    """The join or claim under which the sender serves the peer."""
    state: ConnectionState


class RestorePeer(RegistryRequest[Done]):
    """Writes a peer again that the sender serves, and its room, after the store was lost. Repeating it is harmless.

    Errors: `conflict` when another claim of the peer is stored, `not_found` when the peer has left.
    """

    verb: ClassVar[str] = "peer.restore"
    store: str
    """The identity of the bucket that replaces the lost one. A replica that has another one answers `unavailable`."""
    room: RoomRecord
    peer: PeerRecord


class ClaimPeer(RegistryRequest[RoomSnapshot]):
    """Makes a signaling instance the one that serves the peer: a client resumes its session there. Its standby ends.

    Errors: `not_allowed` when the secret or the user is wrong, `not_found` when the peer no longer exists. A secret
    that was replaced before removes the peer.
    """

    verb: ClassVar[str] = "peer.claim"
    chunked: ClassVar[bool] = True
    room_id: RoomId
    peer_id: Id
    signaling_id: NodeId
    signaling_epoch: Epoch | None = None
    """The epoch of the instance's lease."""
    claim_id: Id | None = None
    """New for each attempt to resume. The newest claim wins; departures under an older one are refused."""
    resume_secret: str
    user_id: UserId | None = None
    """The user that the client's access token names; absent: any."""
    resume_digest: str | None = None
    """The digest of a secret that replaces this one, of the same family. When absent, the old secret stays valid."""
    known_revision: Revision | None = None
    """As in `JoinRoom`."""
