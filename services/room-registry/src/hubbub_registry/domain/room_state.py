"""What this replica knows of rooms: the records, when they were first stored, and what follows from them.

Fed by the changes of the bucket in store order. Times are monotonic seconds of this process, sequences the bucket's.
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
class Held(Generic[RecordT]):
    """A record with its place in the order of writes."""

    record: RecordT
    revision: int
    """The sequence of the last write: what the next one replaces."""
    since: int
    """The sequence of the first write: who came before whom."""


@dataclass(slots=True)
class Room:
    """One room. Without settings it was closed, and its peers, if any, are left over."""

    settings: Held[RoomRecord] | None = None
    peers: dict[str, Held[PeerRecord]] = field(default_factory=dict)
    revision: int = 0
    """The sequence of its last change."""
    idle_since: float = 0.0
    """When it last lost a peer or had its settings written."""


class Rooms:
    """All rooms."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self.rooms_on: Counter[Placement] = Counter()
        """How many rooms each life of each node has."""
        self.peers_on: Counter[Placement] = Counter()
        """How many peers each life of each node has."""

    def __len__(self) -> int:
        """How many there are, those without peers included."""
        return len(self._rooms)

    def __iter__(self) -> Iterator[tuple[str, Room]]:
        """All, as they are now."""
        return iter(list(self._rooms.items()))

    def get(self, room_id: str) -> Room | None:
        """The room, unless nothing is known of it."""
        return self._rooms.get(room_id)

    def apply_settings(self, room_id: str, record: RoomRecord | None, revision: int, now: float) -> None:
        """A room's settings were stored; None: they were removed."""
        room = self._rooms.setdefault(room_id, Room())
        before, room.settings = room.settings, _held(room.settings, record, revision)
        room.revision, room.idle_since = max(room.revision, revision), now
        _count(self.rooms_on, before, room.settings)
        self._forget_empty(room_id, room)

    def apply_peer(self, room_id: str, peer_id: str, record: PeerRecord | None, revision: int, now: float) -> None:
        """A peer was stored; None: it was removed."""
        room = self._rooms.setdefault(room_id, Room())
        before = room.peers.pop(peer_id, None)
        after = _held(before, record, revision)
        if after is not None:
            room.peers[peer_id] = after
        elif before is not None:
            room.idle_since = now
        room.revision = max(room.revision, revision)
        _count(self.peers_on, before, after)
        self._forget_empty(room_id, room)

    def revisions(self) -> dict[str, int]:
        """The last revision of each room with peers."""
        return {room_id: room.revision for room_id, room in self._rooms.items() if room.peers}

    def _forget_empty(self, room_id: str, room: Room) -> None:
        if room.settings is None and not room.peers:
            del self._rooms[room_id]


def snapshot(room: Room, revision: int) -> RoomSnapshot | None:
    """The room as a message, peers in the order of their coming; None when it is closed."""
    if room.settings is None:
        return None
    peers = sorted(room.peers.values(), key=lambda held: held.since)
    return RoomSnapshot(room=room.settings.record, peers=[held.record for held in peers], revision=revision)


def _held(before: Held[RecordT] | None, record: RecordT | None, revision: int) -> Held[RecordT] | None:
    if record is None:
        return None
    return Held(record, revision, revision if before is None else before.since)


def _count(counter: Counter[Placement], before: Held[RecordT] | None, after: Held[RecordT] | None) -> None:
    for held, change in ((before, -1), (after, 1)):
        if held is not None and (placement := held.record.placement) is not None:
            counter[placement] += change
            if counter[placement] == 0:
                del counter[placement]
