"""This replica's copy of all rooms, built from the changes of the bucket in store order.

Times are monotonic seconds of this process; sequences are those of the bucket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord
from hubbub_contracts.bus.room import RoomSnapshot

RecordT = TypeVar("RecordT", RoomRecord, PeerRecord)


@dataclass(frozen=True, slots=True)
class StoredRecord(Generic[RecordT]):
    """A record with its position in the order of writes."""

    record: RecordT
    revision: int
    """The sequence of the last write: the next write must name it."""
    created: int
    """The sequence of the first write: decides which of two records came first."""


@dataclass(slots=True)
class Room:
    """One room. A room without settings is closed; peers that it still has are leftovers."""

    settings: StoredRecord[RoomRecord] | None = None
    peers: dict[str, StoredRecord[PeerRecord]] = field(default_factory=dict)
    revision: int = 0
    """The sequence of its last change."""
    idle_since: float = 0.0
    """When it last lost a peer or its settings were written."""


class Rooms:
    """All rooms, and how many rooms and peers each placement has."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self.rooms_on: Counter[Placement] = Counter()
        self.peers_on: Counter[Placement] = Counter()

    def __len__(self) -> int:
        """Returns the number of rooms, including empty ones."""
        return len(self._rooms)

    def __iter__(self) -> Iterator[tuple[str, Room]]:
        """Iterates over a copy of (room id, room), so that rooms may change meanwhile."""
        return iter(list(self._rooms.items()))

    def get(self, room_id: str) -> Room | None:
        """Returns the room, or None when it is unknown."""
        return self._rooms.get(room_id)

    def find_peer(self, room_id: str, peer_id: str) -> StoredRecord[PeerRecord] | None:
        """Returns the peer, or None when it or its room is unknown."""
        room = self._rooms.get(room_id)
        return None if room is None else room.peers.get(peer_id)

    def apply_settings(self, room_id: str, record: RoomRecord | None, revision: int, now: float) -> None:
        """Applies a write of a room's settings; `record` is None when they were removed."""
        room = self._rooms.setdefault(room_id, Room())
        before, room.settings = room.settings, _stored(room.settings, record, revision)
        room.revision, room.idle_since = max(room.revision, revision), now
        _recount(self.rooms_on, before, room.settings)
        self._forget_if_gone(room_id, room)

    def apply_peer(self, room_id: str, peer_id: str, record: PeerRecord | None, revision: int, now: float) -> None:
        """Applies a write of a peer; `record` is None when it was removed."""
        room = self._rooms.setdefault(room_id, Room())
        before = room.peers.pop(peer_id, None)
        after = _stored(before, record, revision)
        if after is not None:
            room.peers[peer_id] = after
        elif before is not None:
            room.idle_since = now
        room.revision = max(room.revision, revision)
        _recount(self.peers_on, before, after)
        self._forget_if_gone(room_id, room)

    def revisions(self) -> dict[str, int]:
        """Returns room id -> revision for the rooms with peers."""
        return {room_id: room.revision for room_id, room in self._rooms.items() if room.peers}

    def _forget_if_gone(self, room_id: str, room: Room) -> None:
        if room.settings is None and not room.peers:
            del self._rooms[room_id]


def snapshot(room: Room | None, revision: int) -> RoomSnapshot | None:
    """Returns the room as a message, its peers in the order of their joins; None when it is unknown or closed."""
    if room is None or room.settings is None:
        return None
    peers = sorted(room.peers.values(), key=lambda peer: peer.created)
    return RoomSnapshot(room=room.settings.record, peers=[peer.record for peer in peers], revision=revision)


def _stored(
    before: StoredRecord[RecordT] | None, record: RecordT | None, revision: int
) -> StoredRecord[RecordT] | None:
    if record is None:
        return None
    return StoredRecord(record, revision, revision if before is None else before.created)


def _recount(
    counter: Counter[Placement], before: StoredRecord[RecordT] | None, after: StoredRecord[RecordT] | None
) -> None:
    for stored, change in ((before, -1), (after, 1)):
        if stored is not None and (placement := stored.record.placement) is not None:
            counter[placement] += change
            if counter[placement] == 0:
                del counter[placement]
