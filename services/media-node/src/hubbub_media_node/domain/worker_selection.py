"""Chooses the worker for a peer: a worker that hosts its room already, else the least loaded one.

| the room's workers                   | other workers     | chosen                                             |
|--------------------------------------|-------------------|----------------------------------------------------|
| one is under its budget and not busy | any               | the first such one, in the order the room got them |
| none                                 | one is not busy   | the least loaded of them                           |
| none, but the room has some          | all busy, or none | the least loaded of the room's                     |
| the room has none yet                | any               | the least loaded                                   |

A worker is busy from 70 % of a core on: queues then grow in every burst.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_RESOLUTION: Final = 0.1
"""Smaller differences of load are noise."""

BUSY: Final = 0.7
"""Of a core."""


@dataclass(frozen=True, slots=True)
class WorkerChoice:
    """What is known about the workers."""

    cpu: Sequence[float]
    """The load of each worker over the last second, as a fraction of one core (0 to 1). It lags behind, so the number
    of rooms decides between idle workers."""
    rooms: Sequence[int]
    """The number of rooms on each worker."""
    turn: int
    """A counter that makes equal workers take turns."""

    def least_loaded(self, workers: Iterable[int]) -> int:
        """The worker with the least load, then the fewest rooms, then in turn."""
        count = len(self.cpu)
        return min(workers, key=lambda worker: (self._level(worker), self.rooms[worker], (worker - self.turn) % count))

    def for_peer(self, peers: Mapping[int, int], budget: int) -> int:
        """The worker for a peer that is new on this node.

        Arguments:
            peers: the number of peers of the room on each worker that hosts it, in the order the room got them.
            budget: this many peers of a room may share a worker.
        """
        for worker, count in peers.items():
            if count < budget and not self._is_busy(worker):
                return worker
        others = [worker for worker in range(len(self.cpu)) if worker not in peers]
        if peers:
            others = [worker for worker in others if not self._is_busy(worker)]
        if others:
            return self.least_loaded(others)
        return min(peers, key=lambda worker: (self._level(worker), peers[worker]))

    def _level(self, worker: int) -> int:
        return int(self.cpu[worker] / _RESOLUTION)

    def _is_busy(self, worker: int) -> bool:
        return self.cpu[worker] >= BUSY
