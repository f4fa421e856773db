"""This instance's view of a room, and the differences between two states of it.

Rules
- A snapshot produces the same changes as the feed would have.
- The changes of one peer record are ordered: producers are removed, the peer changes, producers are added. The
  producers of a removed peer are removed before the peer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from hubbub_contracts.bus.moderation_records import UNMODERATED, Moderation, UnmuteRequest
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord, RoomRecord
from hubbub_contracts.room_options import DEFAULT_OPTIONS, RoomOptions
from hubbub_contracts.socket.recording import RunningRecording
from hubbub_room import FeedChange, RoomState, SettingsChanged

from .peer_nodes import standby_of
from .roles import role_of


@dataclass(frozen=True)
class PeerAdded:
    """A new peer. Each of its producers follows as `ProducerAdded`."""

    peer: PeerRecord


@dataclass(frozen=True)
class PeerRemoved:
    """A peer that left the room. `ProducerRemoved` came before for each of its producers."""

    peer: PeerRecord
    reason: str


@dataclass(frozen=True)
class ProducerAdded:
    """A new producer."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class ProducerRemoved:
    """A producer was closed."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class ProducerPauseChanged:
    """A producer was paused or resumed. `producer` is its new record."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class PlacementChanged:
    """A peer's media was placed on another node, or on none, its move to another one begins or has ended, or it has
    another standby than before, or none."""

    peer: PeerRecord
    before: PeerRecord


@dataclass(frozen=True)
class ConnectionStateChanged:
    """The server lost the media connection with a peer, or has one again."""

    peer: PeerRecord


@dataclass(frozen=True)
class PeerClaimed:
    """The peer has another claim: it was resumed, on this or another signaling instance."""

    peer: PeerRecord


@dataclass(frozen=True)
class PeerAdmitted:
    """A peer that waited in the lobby is a participant now, or in the audience."""

    peer: PeerRecord


@dataclass(frozen=True)
class MuteChanged:
    """A moderator muted a source of a participant, or lifted that."""

    peer: PeerRecord
    source: str
    muted: bool


@dataclass(frozen=True)
class RoleChanged:
    """A participant has another role."""

    peer: PeerRecord
    role: str


@dataclass(frozen=True)
class HandChanged:
    """A participant raised or lowered its hand."""

    peer: PeerRecord


@dataclass(frozen=True)
class UnmuteRequested:
    """A moderator asks a participant to send a source again."""

    peer: PeerRecord
    request: UnmuteRequest


@dataclass(frozen=True)
class AccessChanged:
    """A moderator locked or unlocked the room, or switched its lobby."""

    rules: Moderation


@dataclass(frozen=True)
class RecordingStarted:
    """A recorder has come into the room."""

    recording: RunningRecording


@dataclass(frozen=True)
class RecordingStopped:
    """The last recorder of a recording has left the room."""

    recording_id: str
    reason: str
    """Of its departure, as in `PeerRemoved`."""


@dataclass(frozen=True)
class RoomRemoved:
    """The room was removed."""

    reason: str


ViewChange = (
    PeerAdded
    | PeerRemoved
    | ProducerAdded
    | ProducerRemoved
    | ProducerPauseChanged
    | PlacementChanged
    | ConnectionStateChanged
    | PeerClaimed
    | PeerAdmitted
    | MuteChanged
    | RoleChanged
    | HandChanged
    | UnmuteRequested
    | AccessChanged
    | RecordingStarted
    | RecordingStopped
    | RoomRemoved
)
ROOM_CHANGES = (AccessChanged, RecordingStarted, RecordingStopped, RoomRemoved)
"""The changes that are not of one peer."""

_SERVICES = frozenset({"recorder", "captions"})
"""The roles of the services' peers."""
REASON_UNKNOWN = "disconnected"
"""The reason of a peer's departure that was missed: a snapshot does not tell why a peer is absent."""
ROOM_LOST = "lost"
"""The reason of a room that the registry does not know."""


class RoomView:
    """The state of one room at one revision."""

    def __init__(self) -> None:
        self.room: RoomRecord | None = None
        self.peers: dict[str, PeerRecord] = {}
        self.revision = -1
        self.audience = 0
        """How many peers only watch."""
        self._owners: dict[str, str] = {}
        """Producer id -> peer id."""
        self._services: dict[str, PeerRecord] = {}
        """The peers that record or caption the room, by id: few among thousands."""

    @property
    def captioned(self) -> bool:
        """Whether the room has captions."""
        return any(peer.role == "captions" for peer in self._services.values())

    @property
    def recordings(self) -> list[RunningRecording]:
        """The recordings that are running."""
        return list(_running_recordings(self._services).values())

    @property
    def rules(self) -> Moderation:
        """What moderators have decided."""
        return UNMODERATED if self.room is None else self.room.rules

    @property
    def options(self) -> RoomOptions:
        """What the application has decided."""
        return DEFAULT_OPTIONS if self.room is None else self.room.chosen

    def role_of(self, peer: PeerRecord) -> str:
        """The role of a peer."""
        return role_of(self.rules, peer)

    def apply(self, change: FeedChange) -> list[ViewChange]:
        """Applies a stored change that is newer than the view. Returns the differences."""
        self.revision = change.sequence
        if isinstance(change, SettingsChanged):
            rules, self.room = self.rules, change.record
            if change.record is None:
                return [RoomRemoved(change.reason)]
            return list(_compare_rules(rules, self.rules, self.peers.values()))
        recorded = _running_recordings(self._services)
        before = self.peers.pop(change.peer_id, None)
        self._index(change.peer_id, before, change.record)
        if change.record is not None:
            self.peers[change.peer_id] = change.record
            changes = list(_compare(before, change.record, self.rules))
        else:
            changes = _removed(before, change.reason) if before else []
        return [*changes, *_compare_recordings(recorded, _running_recordings(self._services), change.reason)]

    def adopt(self, state: RoomState) -> list[ViewChange]:
        """Replaces the view. Returns the differences from before."""
        known, self.peers = self.peers, dict(state.peers)
        rules, recorded = self.rules, _running_recordings(self._services)
        self.room, self.revision = state.room, state.revision
        self._forget_indexes()
        for peer_id, peer in self.peers.items():
            self._index(peer_id, None, peer)
        changes: list[ViewChange] = []
        for peer_id, before in known.items():
            if peer_id not in self.peers:
                changes += _removed(before, REASON_UNKNOWN)
        for peer_id, after in self.peers.items():
            changes += _compare(known.get(peer_id), after, self.rules)
        if known:
            changes += _compare_rules(
                rules, self.rules, [peer for peer in self.peers.values() if peer.peer_id in known]
            )
        return [*changes, *_compare_recordings(recorded, _running_recordings(self._services), REASON_UNKNOWN)]

    def remove(self) -> list[ViewChange]:
        """The registry does not know the room. Returns the differences."""
        self.room = None
        # What a room of the same id has later is told by its changes, which say nothing of these peers.
        self.peers.clear()
        self._forget_indexes()
        return [RoomRemoved(ROOM_LOST)]

    def producer(self, producer_id: str) -> tuple[PeerRecord, ProducerRecord] | None:
        """A producer and its peer; None when the view does not have it."""
        peer = self.peers.get(self._owners.get(producer_id, ""))
        if peer is None:
            return None
        return next(((peer, producer) for producer in peer.producers if producer.producer_id == producer_id), None)

    def _forget_indexes(self) -> None:
        self._owners.clear()
        self._services.clear()
        self.audience = 0

    def _index(self, peer_id: str, before: PeerRecord | None, after: PeerRecord | None) -> None:
        self.audience += (after is not None and after.watches) - (before is not None and before.watches)
        self._services.pop(peer_id, None)
        if after is not None and after.role in _SERVICES:
            self._services[peer_id] = after
        for producer in before.producers if before else ():
            self._owners.pop(producer.producer_id, None)
        for producer in after.producers if after else ():
            self._owners[producer.producer_id] = peer_id


def _running_recordings(peers: Mapping[str, PeerRecord]) -> dict[str, RunningRecording]:
    """The recordings whose recorder is in the room, by id. Two recorders of one recording hand it over."""
    found: dict[str, RunningRecording] = {}
    for peer in peers.values():
        if peer.role == "recorder":
            with contextlib.suppress(ValidationError):  # a peer of a service that is not our recorder
                recording = RunningRecording.model_validate(peer.app_data)
                found[recording.recording_id] = recording
    return found


def _compare_recordings(
    before: Mapping[str, RunningRecording], after: Mapping[str, RunningRecording], reason: str
) -> Iterator[ViewChange]:
    for recording_id in before.keys() - after.keys():
        yield RecordingStopped(recording_id, reason)
    for recording_id in after.keys() - before.keys():
        yield RecordingStarted(after[recording_id])


def _removed(peer: PeerRecord, reason: str) -> list[ViewChange]:
    return [*(ProducerRemoved(peer, producer) for producer in peer.producers), PeerRemoved(peer, reason)]


def _compare(before: PeerRecord | None, after: PeerRecord, rules: Moderation) -> Iterator[ViewChange]:
    if before is not None and after.waiting and not before.waiting:
        yield from _removed(before, "removed")  # its join has not been acknowledged
        before = None
    if before is None:
        yield PeerAdded(after)
    known = {producer.producer_id: producer for producer in before.producers} if before else {}
    now = {producer.producer_id: producer for producer in after.producers}
    for producer_id, producer in known.items():
        if producer_id not in now:
            yield ProducerRemoved(after, producer)
    if before is not None:
        yield from _compare_peer(before, after, rules)
    if after.connection_state != (before.connection_state if before else "connected"):
        yield ConnectionStateChanged(after)
    for producer_id, producer in now.items():
        if producer_id not in known:
            yield ProducerAdded(after, producer)
        elif known[producer_id].paused != producer.paused:
            yield ProducerPauseChanged(after, producer)


def _compare_peer(before: PeerRecord, after: PeerRecord, rules: Moderation) -> Iterator[ViewChange]:
    if (before.signaling_id, before.claim_id) != (after.signaling_id, after.claim_id):
        yield PeerClaimed(after)
    if before.waiting and not after.waiting:
        yield PeerAdmitted(after)
    homes = [(each.placement, each.leaving, standby_of(each)) for each in (before, after)]
    if homes[0] != homes[1]:
        yield PlacementChanged(after, before)
    # An older version of the registry writes no role: that is no change.
    if after.room_role is not None and role_of(rules, before) != role_of(rules, after):
        yield RoleChanged(after, role_of(rules, after))
    if before.hand_raised_at != after.hand_raised_at:
        yield HandChanged(after)
    if after.unmute_request is not None and before.unmute_request != after.unmute_request:
        yield UnmuteRequested(after, after.unmute_request)


def _compare_rules(before: Moderation, after: Moderation, peers: Iterable[PeerRecord]) -> Iterator[ViewChange]:
    if before == after:
        return
    if (before.locked, before.lobby) != (after.locked, after.lobby):
        yield AccessChanged(after)
    for peer in peers:
        muted, mutes = before.muted_sources(peer.user_id), after.muted_sources(peer.user_id)
        for source in [*muted, *mutes]:
            if (source in muted) != (source in mutes):
                yield MuteChanged(peer, source, source in mutes)
        if role_of(before, peer) != role_of(after, peer):
            yield RoleChanged(peer, role_of(after, peer))
