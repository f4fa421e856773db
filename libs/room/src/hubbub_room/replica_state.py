"""The order and completeness of the changes that a replica has received. Pure: no I/O, no clock.

Rules
- A change that is not newer than the revision is dropped: it is a duplicate, or a snapshot contains it.
- After a gap, until a snapshot is accepted, changes are applied and also recorded. They are merged into the snapshot,
  which may be older than they are.
- A snapshot that is older than the revision at which it was requested comes from a stale read. It is accepted only when
  the registry repeats itself: then the store has lost writes.
- One announced revision ahead of ours may describe a change that is still on its way. The next announcement decides.
"""

from __future__ import annotations

from hubbub_contracts.bus.room import RoomSnapshot

from .changes import FeedChange, PeerChanged
from .projection import RoomState

MAX_STALE_SNAPSHOTS = 10
"""Stale snapshots in a row that are refused before one is accepted."""


class ReplicaState:
    """The revision of a replica, and the changes since its last gap."""

    def __init__(self) -> None:
        self.revision = -1
        """Of the last change or snapshot; -1 before the first."""
        self.fresh = False
        """A snapshot was adopted, and no gap followed it."""
        self.has_snapshot = False
        self.gaps = 0
        """The number of gaps so far. A snapshot that was requested before a gap may lack what the gap lost."""
        self._since_gap: list[FeedChange] = []
        self._announced = -1
        self._stale_snapshots = 0

    def gap(self) -> None:
        """Records that changes may have been missed."""
        self.fresh = False
        self.gaps += 1
        self._since_gap.clear()
        self._announced = -1
        self._stale_snapshots = 0

    def advance(self, change: FeedChange) -> bool:
        """Records a change of the feed. Returns whether it is new and has to be applied."""
        if change.sequence <= self.revision:
            return False
        self.revision = change.sequence
        if not self.fresh:
            self._since_gap.append(change)
        return True

    def accepts(self, snapshot: RoomSnapshot, requested_at: int) -> bool:
        """Whether to adopt a snapshot that was requested at revision `requested_at`."""
        if snapshot.revision >= requested_at:
            return True
        self._stale_snapshots += 1
        return self._stale_snapshots > MAX_STALE_SNAPSHOTS

    def merge(self, snapshot: RoomSnapshot) -> RoomState:
        """The snapshot with the newer changes since the gap on top; its revision becomes the replica's."""
        room, peers, revision = snapshot.room, {peer.peer_id: peer for peer in snapshot.peers}, snapshot.revision
        removed = False
        for change in self._since_gap:
            if change.sequence <= snapshot.revision:
                continue
            revision = change.sequence
            if isinstance(change, PeerChanged):
                if change.record is None:
                    peers.pop(change.peer_id, None)
                else:
                    peers[change.peer_id] = change.record
            elif change.record is None:
                removed = True
            else:
                room, removed = change.record, False
        self.revision = revision
        self.has_snapshot = True
        return RoomState(None if removed else room, peers, revision)

    def complete(self) -> None:
        """Records that the replica has everything up to its revision."""
        self.fresh = True
        self._since_gap.clear()
        self._stale_snapshots = 0

    def is_behind(self, announced: int) -> bool:
        """Whether a change was missed, given the revision that the registry has `announced` for the room."""
        behind = self.fresh and self.revision < self._announced
        self._announced = announced
        return behind
