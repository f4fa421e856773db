"""Records as the store holds them.

A replica holds the records of the whole cluster and reads few of them. It keeps the encoded bytes and the fields that
its indexes need; a full record is decoded when it is used, and the last ones are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord

from .decoded_records import DecodedRecords

DECODED_ROOMS = 4_096
DECODED_PEERS = 16_384


class StoredLeaving(NamedTuple):
    """The node that a peer is leaving."""

    placement: Placement
    deadline: int
    """As in Leaving."""


class SignalingIncarnation(NamedTuple):
    """One run of a signaling instance."""

    signaling_id: str
    epoch: int | None
    """Of its lease; None in records of older versions, which stored no epoch."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class StoredRoom:
    """A room's settings with their position in the order of writes."""

    data: bytes
    """The encoded record."""
    revision: int
    """The sequence of the last write: the next write must name it."""
    created: int
    """The sequence of the first write: decides which of two records came first."""
    placement: Placement | None
    closing: bool
    ended: bool
    """A moderator closed the room."""
    empty_ttl: float | None
    """As in RoomOptions."""

    @classmethod
    def parse(cls, data: bytes, revision: int, before: StoredRoom | None) -> StoredRoom:
        """Reads the indexed fields; `before` is what the write replaced. Raises ValidationError."""
        fields = _RoomFields.model_validate_json(data)
        created = revision if before is None else before.created
        ended = fields.moderation is not None and fields.moderation.ended
        empty_ttl = None if fields.options is None else fields.options.empty_ttl
        return cls(data, revision, created, _placement(fields.placement), fields.closing, ended, empty_ttl)

    @property
    def record(self) -> RoomRecord:
        """The full record. Raises ValidationError."""
        return _rooms.of(self)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class StoredPeer:
    """A peer with its position in the order of writes."""

    room_id: str
    peer_id: str
    data: bytes
    """The encoded record."""
    revision: int
    """As in StoredRoom."""
    created: int
    """As in StoredRoom."""
    placement: Placement | None
    signaling: SignalingIncarnation
    """The signaling incarnation that serves the peer."""
    producer_kinds: tuple[str, ...]
    role: str
    """As in PeerRecord."""
    region: str | None
    """As in PeerRecord."""
    make_before_break: bool
    """As in PeerRecord."""
    leaving: StoredLeaving | None
    """As in PeerRecord."""
    joined_at: int
    """As in PeerRecord."""
    standby: Placement | None
    """The node of the peer's standby."""
    standby_bytes: int
    """What the standby takes of `data`."""

    @property
    def hidden(self) -> bool:
        """As in PeerRecord."""
        return self.role != "participant"

    @property
    def waiting(self) -> bool:
        """As in PeerRecord."""
        return self.role == "waiting"

    @property
    def watches(self) -> bool:
        """As in PeerRecord."""
        return self.role == "audience"

    @property
    def keeps_open(self) -> bool:
        """Whether the peer keeps its room open."""
        return self.waiting or not self.hidden

    @classmethod
    def parse(cls, room_id: str, peer_id: str, data: bytes, revision: int, before: StoredPeer | None) -> StoredPeer:
        """Reads the indexed fields; `before` is what the write replaced. Raises ValidationError."""
        fields = _PeerFields.model_validate_json(data)
        return cls(
            room_id,
            peer_id,
            data,
            revision,
            revision if before is None else before.created,
            _placement(fields.placement),
            _signaling(fields.signaling_id, fields.signaling_epoch),
            _kinds(tuple(producer.kind for producer in fields.producers)),
            intern(fields.role),
            None if fields.region is None else intern(fields.region),
            fields.make_before_break,
            _leaving(fields.leaving),
            fields.joined_at,
            None if fields.standby is None else _placement(fields.standby.placement),
            0 if fields.standby is None else len(fields.standby.model_dump_json(by_alias=True)),
        )

    @property
    def record(self) -> PeerRecord:
        """The full record. Raises ValidationError."""
        return _peers.of(self)


_rooms = DecodedRecords[StoredRoom, RoomRecord](RoomRecord.model_validate_json, DECODED_ROOMS)
_peers = DecodedRecords[StoredPeer, PeerRecord](PeerRecord.model_validate_json, DECODED_PEERS)


class _Fields(BaseModel):
    """Part of a record."""

    model_config = ConfigDict(extra="ignore")


class _PlacementFields(_Fields):
    node_id: str = Field(alias="nodeId")
    epoch: int


class _ModerationFields(_Fields):
    ended: bool = False


class _OptionFields(_Fields):
    empty_ttl: float | None = Field(None, alias="emptyTtl")


class _RoomFields(_Fields):
    placement: _PlacementFields | None = None
    closing: bool = False
    moderation: _ModerationFields | None = None
    options: _OptionFields | None = None


class _LeavingFields(_Fields):
    placement: _PlacementFields
    deadline: int


class _StandbyFields(_Fields):
    placement: _PlacementFields
    producers: list[str] = []


class _ProducerFields(_Fields):
    kind: str


class _PeerFields(_Fields):
    placement: _PlacementFields | None = None
    joined_at: int = Field(alias="joinedAt")
    signaling_id: str = Field(alias="signalingId")
    signaling_epoch: int | None = Field(None, alias="signalingEpoch")
    role: str = "participant"
    producers: list[_ProducerFields] = []
    region: str | None = None
    make_before_break: bool = Field(default=False, alias="makeBeforeBreak")
    leaving: _LeavingFields | None = None
    standby: _StandbyFields | None = None


def _leaving(fields: _LeavingFields | None) -> StoredLeaving | None:
    if fields is None:
        return None
    return StoredLeaving(_shared_placement(fields.placement.node_id, fields.placement.epoch), fields.deadline)


def _placement(fields: _PlacementFields | None) -> Placement | None:
    return None if fields is None else _shared_placement(fields.node_id, fields.epoch)


# Few different values occur in many records, which share them.


@lru_cache(4_096)
def _shared_placement(node_id: str, epoch: int) -> Placement:
    return Placement(node_id=node_id, epoch=epoch)


@lru_cache(4_096)
def _signaling(signaling_id: str, epoch: int | None) -> SignalingIncarnation:
    return SignalingIncarnation(signaling_id, epoch)


@lru_cache(4_096)
def _kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(intern(kind) for kind in kinds)
