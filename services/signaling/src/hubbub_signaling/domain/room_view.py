"""What this instance knows of a room, and what has changed between two states of it.

Rules
- A change that is not newer than the view is dropped: it is in the snapshot already.
- A snapshot is adopted as it is; what it changes comes out as the same changes that the feed would have brought.
- Within one record, producers go before they come, and a peer's producers go before the peer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, Placement, ProducerRecord, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot


@dataclass(frozen=True)
class PeerCame:
    """A peer that was not there, without its producers: each follows as a change of its own."""

    peer: PeerRecord


@dataclass(frozen=True)
class PeerWent:
    """A peer that was there is not; its producers went before."""

    peer: PeerRecord
    reason: str


@dataclass(frozen=True)
class ProducerCame:
    """A producer that was not there."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class ProducerWent:
    """A producer that was there is not."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class ProducerSwitched:
    """A producer paused or resumed: `producer` is as it is now."""

    peer: PeerRecord
    producer: ProducerRecord


@dataclass(frozen=True)
class PeerPlaced:
    """A peer's media has another home, or none."""

    peer: PeerRecord
    before: Placement | None


@dataclass(frozen=True)
class PeerTaken:
    """Another signaling session serves the peer."""

    peer: PeerRecord


@dataclass(frozen=True)
class RoomWent:
    """The room is gone."""

    reason: str


Change = PeerCame | PeerWent | ProducerCame | ProducerWent | ProducerSwitched | PeerPlaced | PeerTaken | RoomWent

LOST = "disconnected"
"""The reason of a departure that only a later snapshot told of."""


class RoomView:
    """One room at one revision."""

    def __init__(self) -> None:
        self.room: RoomRecord | None = None
        self.peers: dict[str, PeerRecord] = {}
        self.revision = -1

    def adopt(self, snapshot: RoomSnapshot) -> list[Change]:
        """Becomes the snapshot, whatever was known before; returns the difference."""
        known, self.peers = self.peers, {peer.peer_id: peer for peer in snapshot.peers}
        self.room, self.revision = snapshot.room, snapshot.revision
        changes: list[Change] = []
        for peer_id, before in known.items():
            if peer_id not in self.peers:
                changes += _went(before, LOST)
        for peer_id, after in self.peers.items():
            changes += _compare(known.get(peer_id), after)
        return changes

    def apply_peer(self, sequence: int, peer_id: str, record: PeerRecord | None, reason: str) -> list[Change]:
        """One stored change of a peer's key; nothing when it is not newer than the view."""
        if not self._advance(sequence):
            return []
        before = self.peers.pop(peer_id, None)
        if record is None:
            return _went(before, reason) if before else []
        self.peers[peer_id] = record
        return list(_compare(before, record))

    def apply_settings(self, sequence: int, record: RoomRecord | None, reason: str) -> list[Change]:
        """One stored change of the room's own key."""
        if not self._advance(sequence):
            return []
        self.room = record
        return [] if record else [RoomWent(reason)]

    def lose(self, reason: str) -> list[Change]:
        """The registry knows no such room any more."""
        self.room = None
        return [RoomWent(reason)]

    def producer(self, producer_id: str) -> tuple[PeerRecord, ProducerRecord] | None:
        """A producer with the peer that it belongs to."""
        for peer in self.peers.values():
            for producer in peer.producers:
                if producer.producer_id == producer_id:
                    return peer, producer
        return None

    def _advance(self, sequence: int) -> bool:
        if sequence <= self.revision:
            return False
        self.revision = sequence
        return True


def _went(peer: PeerRecord, reason: str) -> list[Change]:
    return [*(ProducerWent(peer, producer) for producer in peer.producers), PeerWent(peer, reason)]


def _compare(before: PeerRecord | None, after: PeerRecord) -> Iterator[Change]:
    if before is None:
        yield PeerCame(after)
    known = {producer.producer_id: producer for producer in before.producers} if before else {}
    now = {producer.producer_id: producer for producer in after.producers}
    for producer_id, producer in known.items():
        if producer_id not in now:
            yield ProducerWent(after, producer)
    if before is not None and before.signaling_id != after.signaling_id:
        yield PeerTaken(after)
    if before is not None and before.placement != after.placement:
        yield PeerPlaced(after, before.placement)
    for producer_id, producer in now.items():
        if producer_id not in known:
            yield ProducerCame(after, producer)
        elif known[producer_id].paused != producer.paused:
            yield ProducerSwitched(after, producer)
