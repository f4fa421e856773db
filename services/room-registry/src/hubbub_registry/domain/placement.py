"""Places a room on the least loaded media node that can take it. A room has one node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hubbub_contracts.bus.records import Placement

from .incarnation import Incarnation
from .rooms import Rooms

PEERS_PER_WORKER = 200
"""This many peers count as one worker at full load. Spreads rooms before heartbeats show the load they cause."""
ROOM_WEIGHT = 2
"""An empty room counts as this many peers: they are about to join."""


class Placer:
    """Places a series of rooms, and counts the ones it has placed."""

    def __init__(self, candidates: Iterable[Incarnation], rooms: Rooms) -> None:
        self._candidates = list(candidates)
        self._rooms = Counter(rooms.rooms_on)
        self._peers = Counter(rooms.peers_on)

    def place(self, peers: int = 0) -> Placement | None:
        """Returns the placement for a room of `peers` peers; None when there is no candidate."""
        if not self._candidates:
            return None
        best = min(self._candidates, key=lambda candidate: (self._load(candidate), candidate.node_id))
        placement = _placement_of(best)
        self._rooms[placement] += 1
        self._peers[placement] += peers
        return placement

    def _load(self, candidate: Incarnation) -> float:
        workers = [] if candidate.heartbeat is None else candidate.heartbeat.workers
        count = max(len(workers), 1)
        measured = sum(worker.cpu for worker in workers) / count
        return measured + _weight(self._rooms, self._peers, _placement_of(candidate)) / (count * PEERS_PER_WORKER)


def _placement_of(incarnation: Incarnation) -> Placement:
    return Placement(node_id=incarnation.node_id, epoch=incarnation.epoch)


def _weight(rooms: Mapping[Placement, int], peers: Mapping[Placement, int], placement: Placement) -> int:
    return rooms.get(placement, 0) * ROOM_WEIGHT + peers.get(placement, 0)
