"""Which node takes a room: the least loaded of those that can. Until nodes have pipes, a room is on one node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.liveness import Life
from hubbub_registry.domain.room_state import Rooms

PEERS_PER_WORKER = 200
"""So many peers weigh as much as one worker at full load; it spreads rooms before their load shows in beats."""
ROOM_WEIGHT = 2
"""A room without peers weighs as much as so many peers: they are about to come."""


class Placer:
    """Places rooms one after the other, counting those that it has just placed."""

    def __init__(self, candidates: Iterable[Life], rooms: Rooms) -> None:
        self._candidates = list(candidates)
        self._rooms = Counter(rooms.rooms_on)
        self._peers = Counter(rooms.peers_on)

    def place(self, peers: int = 0) -> Placement | None:
        """A home for a room of `peers` peers; None when no node can take it."""
        if not self._candidates:
            return None
        best = min(self._candidates, key=lambda life: (self._load(life), life.node_id))
        home = Placement(node_id=best.node_id, epoch=best.epoch)
        self._rooms[home] += 1
        self._peers[home] += peers
        return home

    def _load(self, life: Life) -> float:
        home = Placement(node_id=life.node_id, epoch=life.epoch)
        workers = [] if life.beat is None else life.beat.workers
        count = max(len(workers), 1)
        measured = sum(worker.cpu for worker in workers) / count
        return measured + _weight(self._rooms, self._peers, home) / (count * PEERS_PER_WORKER)


def _weight(rooms: Mapping[Placement, int], peers: Mapping[Placement, int], home: Placement) -> int:
    return rooms.get(home, 0) * ROOM_WEIGHT + peers.get(home, 0)
