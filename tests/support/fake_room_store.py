"""An in-memory `RoomStore` with the compare-and-set of the real one, and writers that come in between."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import KeyConflict
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_registry.domain.ports import PeerDeparted, RemovalReason
from hubbub_registry.domain.rooms import Rooms

from .registry_records import encoded


class FakeRoomStore:
    """Implements `RoomStore`. Its copy of the records is always current."""

    def __init__(self) -> None:
        self.rooms = Rooms()
        self.sequence = 0
        self.identity = "first"
        self.confirmed: list[tuple[str | None, int]] = []
        """The positions of other processes that were to be confirmed."""
        self.now = 0.0
        self.tombstones: dict[str, LeaveReason] = {}
        """Peer id -> why the peer was removed."""
        self.room_removals: list[RemovalReason] = []
        self.before_write: list[Callable[[], object]] = []
        """Called one per write, just before it: what another replica stores first."""
        self.after_write: list[Callable[[], object]] = []
        """Called one per write, just after it."""

    def store_room(self, room_id: str, record: RoomRecord | None) -> int:
        """Writes or removes the settings, as another replica would."""
        self.sequence += 1
        self.rooms.apply_settings(room_id, None if record is None else encoded(record), self.sequence, self.now)
        return self.sequence

    def store_peer(self, record: PeerRecord) -> int:
        """Writes a peer, as another replica would."""
        self.sequence += 1
        self.rooms.apply_peer(record.room_id, record.peer_id, encoded(record), self.sequence, self.now)
        return self.sequence

    def remove_peer(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """Writes a tombstone, as another replica would."""
        self.sequence += 1
        self.tombstones[peer_id] = reason
        self.rooms.apply_peer(room_id, peer_id, None, self.sequence, self.now)

    async def ready(self) -> None:
        """See `RoomStore`."""

    async def confirm(self, identity: str | None, sequence: int) -> None:
        """See `RoomStore`. Records the position."""
        self.confirmed.append((identity, sequence))

    async def refresh_room(self, room_id: str) -> None:
        """See `RoomStore`."""

    async def refresh_peer(self, room_id: str, peer_id: str) -> None:
        """See `RoomStore`."""

    async def refresh_all(self) -> None:
        """See `RoomStore`."""

    async def wait_for(self, revision: int) -> None:
        """See `RoomStore`."""

    async def put_room(self, record: RoomRecord, last: int) -> int:
        """See `RoomStore`."""
        self._interleave(self.before_write)
        self._require_room_revision(record.room_id, last)
        revision = self.store_room(record.room_id, record)
        self._interleave(self.after_write)
        return revision

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """See `RoomStore`."""
        self._interleave(self.before_write)
        if record.peer_id in self.tombstones:
            raise PeerDeparted
        self._require_peer_revision(record.room_id, record.peer_id, last)
        revision = self.store_peer(record)
        self._interleave(self.after_write)
        return revision

    async def purge_room(self, room_id: str, last: int, reason: RemovalReason = "empty") -> None:
        """See `RoomStore`."""
        self.room_removals.append(reason)
        self._interleave(self.before_write)
        self._require_room_revision(room_id, last)
        self.store_room(room_id, None)

    async def purge_peer(self, room_id: str, peer_id: str, last: int, reason: LeaveReason) -> None:
        """See `RoomStore`."""
        self._interleave(self.before_write)
        self._require_peer_revision(room_id, peer_id, last)
        self.remove_peer(room_id, peer_id, reason)

    async def write_tombstone(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """See `RoomStore`."""
        self._interleave(self.before_write)
        self._require_peer_revision(room_id, peer_id, 0)
        if peer_id not in self.tombstones:
            self.remove_peer(room_id, peer_id, reason)

    def _require_room_revision(self, room_id: str, last: int) -> None:
        room = self.rooms.get(room_id)
        if (0 if room is None or room.settings is None else room.settings.revision) != last:
            raise KeyConflict(room_id)

    def _require_peer_revision(self, room_id: str, peer_id: str, last: int) -> None:
        peer = self.rooms.find_peer(room_id, peer_id)
        if (0 if peer is None else peer.revision) != last:
            raise KeyConflict(peer_id)

    def _interleave(self, writers: list[Callable[[], object]]) -> None:
        if writers:
            writers.pop(0)()
