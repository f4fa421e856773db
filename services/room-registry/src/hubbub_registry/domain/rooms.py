"""This replica's copy of all rooms, built from the changes of the bucket in store order.

The periodic jobs ask for few rooms among many, so the copy has an index for each of their queries. Times are
monotonic seconds of this process; sequences are those of the bucket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from hubbub_contracts import ids
from hubbub_contracts.bus.records import Placement

from .stored_record import SignalingIncarnation, StoredPeer, StoredRoom

KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT", bound=Hashable)


@dataclass(slots=True)
class Room:
    """One room. A room without settings is closed; peers that it still has are leftovers."""

    settings: StoredRoom | None = None
    peers: dict[str, StoredPeer] = field(default_factory=dict)
    revision: int = 0
    """The sequence of its last change."""
    idle_since: float = 0.0
    """When it last lost an occupant or its settings were written, as this replica learned of it."""
    followed: bool = True
    """This replica learned of that as it happened, not from a listing of the bucket: then it may be long ago."""

    def is_occupied(self) -> bool:
        """Whether a participant is in it, or a peer waits in its lobby. Other hidden peers do not keep it open."""
        return any(peer.keeps_open for peer in self.peers.values())

    @property
    def size(self) -> int:
        """The bytes of its records, standbys included."""
        settings = 0 if self.settings is None else len(self.settings.data)
        return settings + sum(len(peer.data) for peer in self.peers.values())

    @property
    def size_without_standbys(self) -> int:
        """The bytes of its records that a client can get."""
        return self.size - sum(peer.standby_bytes for peer in self.peers.values())


@dataclass(frozen=True, slots=True)
class RoomCounts:
    """The totals over the open rooms."""

    rooms: int
    """Rooms that are occupied."""
    peers: int
    """Participants."""
    audience: int
    producers: Counter[str]
    """By kind."""


class Rooms:
    """All rooms."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._empty: set[str] = set()
        self._closing: set[str] = set()
        self._ended: set[str] = set()
        self._closed: set[str] = set()
        self._placed: dict[Placement | None, set[str]] = {}
        self._hosted: dict[Placement | None, Counter[str]] = {}
        """The peers of each room that each placement has; None: without one."""
        self._peers_on: Counter[Placement] = Counter()
        self._served_by: dict[SignalingIncarnation, set[tuple[str, str]]] = {}
        self._leaving: set[tuple[str, str]] = set()
        self._prepared: dict[Placement, set[tuple[str, str]]] = {}
        """The peers whose standby each placement is."""
        self._peers = 0
        self._audience = 0
        self._producers: Counter[str] = Counter()
        self._rooms_of: Counter[str | None] = Counter()
        self._members_of: Counter[str | None] = Counter()

    def __len__(self) -> int:
        """The number of rooms, closed ones with leftovers included."""
        return len(self._rooms)

    def __iter__(self) -> Iterator[tuple[str, Room]]:
        """Yields (room id, room)."""
        return iter(self._rooms.items())

    def get(self, room_id: str) -> Room | None:
        """Returns the room, or None when it is unknown."""
        return self._rooms.get(room_id)

    def find_peer(self, room_id: str, peer_id: str) -> StoredPeer | None:
        """Returns the peer, or None when it or its room is unknown."""
        room = self._rooms.get(room_id)
        return None if room is None else room.peers.get(peer_id)

    @property
    def empty(self) -> Iterator[tuple[str, Room]]:
        """The open rooms that nobody occupies."""
        return self._select(self._empty)

    @property
    def closing(self) -> Iterator[tuple[str, Room]]:
        """The open rooms with a closing marker."""
        return self._select(self._closing)

    @property
    def ended(self) -> Iterator[tuple[str, Room]]:
        """The rooms that a moderator closed, and that are not removed yet."""
        return self._select(self._ended)

    @property
    def closed(self) -> Iterator[tuple[str, Room]]:
        """The rooms without settings, which have leftover peers."""
        return self._select(self._closed)

    @property
    def placements(self) -> set[Placement | None]:
        """The homes of the open rooms; None when a room has none."""
        return set(self._placed)

    @property
    def peer_placements(self) -> set[Placement | None]:
        """The placements of the peers; None when a peer has none."""
        return set(self._hosted)

    @property
    def leaving(self) -> Iterator[StoredPeer]:
        """The peers that are leaving a node."""
        return self._peers_of(self._leaving)

    @property
    def standby_placements(self) -> set[Placement]:
        """The standbys of the peers."""
        return set(self._prepared)

    @property
    def standbys_on(self) -> Mapping[Placement, int]:
        """Of how many peers each placement is the standby."""
        return {placement: len(peers) for placement, peers in self._prepared.items()}

    @property
    def incarnations(self) -> set[SignalingIncarnation]:
        """The signaling incarnations that serve peers."""
        return set(self._served_by)

    @property
    def rooms_on(self) -> Mapping[Placement, int]:
        """How many open rooms have their home on each placement."""
        return {placement: len(rooms) for placement, rooms in self._placed.items() if placement is not None}

    @property
    def peers_on(self) -> Mapping[Placement, int]:
        """How many peers each placement has."""
        return self._peers_on

    def placed_on(self, placement: Placement | None) -> Iterator[tuple[str, Room]]:
        """Yields the open rooms with this home; None selects those without one."""
        return self._select(self._placed.get(placement, ()))

    def hosted_on(self, placement: Placement | None) -> Iterator[tuple[str, Room]]:
        """Yields the rooms with peers on this placement; None selects those with peers without one."""
        return self._select(self._hosted.get(placement, ()))

    def count_hosted(self, placement: Placement) -> int:
        """How many rooms have their home on it, or peers there."""
        return len(self._placed.get(placement, set()) | self._hosted.get(placement, Counter()).keys())

    def served_by(self, incarnation: SignalingIncarnation) -> Iterator[StoredPeer]:
        """Yields the peers that a signaling incarnation serves."""
        return self._peers_of(self._served_by.get(incarnation, ()))

    def prepared_on(self, placement: Placement) -> Iterator[StoredPeer]:
        """Yields the peers whose standby it is."""
        return self._peers_of(self._prepared.get(placement, ()))

    def rooms_of(self, tenant: str | None) -> int:
        """How many open rooms the tenant has."""
        return self._rooms_of[tenant]

    def members_of(self, tenant: str | None) -> int:
        """How many participants the rooms of the tenant have, and how many in their audiences."""
        return self._members_of[tenant]

    def counts(self) -> RoomCounts:
        """Returns the totals over the open rooms."""
        closed = [peer for _, room in self.closed for peer in room.peers.values()]
        leftovers = [peer for peer in closed if not peer.hidden]
        watching = sum(peer.watches for peer in closed)
        producers = Counter(self._producers)
        producers.subtract(kind for peer in leftovers for kind in peer.producer_kinds)
        occupied = len(self._rooms) - len(self._empty) - len(self._closed)
        return RoomCounts(occupied, self._peers - len(leftovers), self._audience - watching, producers)

    def revisions(self) -> dict[str, int]:
        """Returns room id -> revision for the rooms with peers."""
        return {room_id: room.revision for room_id, room in self._rooms.items() if room.peers}

    def apply_settings(
        self, room_id: str, data: bytes | None, revision: int, now: float, *, followed: bool = True
    ) -> None:
        """Applies a write of a room's settings; `data` is None when they were removed. Raises ValidationError.

        `followed`: as in `Room`.
        """
        room = self._rooms.get(room_id) or Room()
        before, after = room.settings, None
        if data is not None:
            after = StoredRoom.parse(data, revision, before)
        room.settings, room.revision = after, max(room.revision, revision)
        room.idle_since, room.followed = now, followed
        if (before is None) != (after is None):
            self._rooms_of[_tenant(room_id)] += 1 if before is None else -1
        if before is not None:
            _discard(self._placed, before.placement, room_id)
        if after is not None:
            self._placed.setdefault(after.placement, set()).add(room_id)
        self._index(room_id, room)

    def apply_peer(
        self, room_id: str, peer_id: str, data: bytes | None, revision: int, now: float, *, followed: bool = True
    ) -> None:
        """Applies a write of a peer; `data` is None when it was removed. Raises ValidationError.

        `followed`: as in `Room`.
        """
        room = self._rooms.get(room_id) or Room()
        before, after = room.peers.get(peer_id), None
        if data is not None:
            after = room.peers[peer_id] = StoredPeer.parse(room_id, peer_id, data, revision, before)
        elif before is not None:
            del room.peers[peer_id]
            if before.keeps_open:
                room.idle_since, room.followed = now, followed
        room.revision = max(room.revision, revision)
        if before is not None:
            self._count(before, -1)
            if after is None or after.signaling != before.signaling:
                _discard(self._served_by, before.signaling, (room_id, peer_id))
            if before.standby is not None:
                _discard(self._prepared, before.standby, (room_id, peer_id))
        if after is not None:
            self._count(after, 1)
            self._served_by.setdefault(after.signaling, set()).add((room_id, peer_id))
            if after.standby is not None:
                self._prepared.setdefault(after.standby, set()).add((room_id, peer_id))
        leaves = after is not None and after.leaving is not None
        (self._leaving.add if leaves else self._leaving.discard)((room_id, peer_id))
        self._index(room_id, room)

    def _select(self, room_ids: Iterable[str]) -> Iterator[tuple[str, Room]]:
        # A copy: the caller may wait for a write between two rooms, and the write changes the index.
        return ((room_id, room) for room_id in list(room_ids) if (room := self._rooms.get(room_id)) is not None)

    def _peers_of(self, peers: Iterable[tuple[str, str]]) -> Iterator[StoredPeer]:
        # A copy, as in `_select`.
        for room_id, peer_id in list(peers):
            if (peer := self.find_peer(room_id, peer_id)) is not None:
                yield peer

    def _count(self, peer: StoredPeer, change: int) -> None:
        if not peer.hidden:
            self._peers += change
        if peer.watches:
            self._audience += change
        if peer.watches or not peer.hidden:
            self._members_of[_tenant(peer.room_id)] += change
        for kind in peer.producer_kinds:
            self._producers[kind] += change
        hosted = self._hosted.setdefault(peer.placement, Counter())
        hosted[peer.room_id] += change
        if not hosted[peer.room_id]:
            del hosted[peer.room_id]
        if not hosted:
            del self._hosted[peer.placement]
        if peer.placement is not None:
            self._peers_on[peer.placement] += change
            if not self._peers_on[peer.placement]:
                del self._peers_on[peer.placement]

    def _index(self, room_id: str, room: Room) -> None:
        """Updates the sets of rooms after a change, and forgets the room when nothing of it is left."""
        settings = room.settings
        if settings is None and not room.peers:
            self._rooms.pop(room_id, None)
        else:
            self._rooms[room_id] = room
        for index, contains in (
            (self._empty, settings is not None and not room.is_occupied()),
            (self._closing, settings is not None and settings.closing),
            (self._ended, settings is not None and settings.ended),
            (self._closed, settings is None and bool(room.peers)),
        ):
            (index.add if contains else index.discard)(room_id)


def _tenant(room_id: str) -> str | None:
    """None also for an id that no version wrote."""
    try:
        return ids.tenant(room_id)
    except ValueError:
        return None


def _discard(index: dict[KeyT, set[ItemT]], key: KeyT, item: ItemT) -> None:
    """Removes the item from the key's set, and the key with its last item."""
    items = index.get(key)
    if items is not None:
        items.discard(item)
        if not items:
            del index[key]
