"""Chooses the worker for a new room."""

from __future__ import annotations

from collections.abc import Sequence

_RESOLUTION = 0.1
"""Smaller differences of load are noise."""


def least_loaded_worker(cpu: Sequence[float], rooms: Sequence[int], turn: int) -> int:
    """The index of the worker with the least load, then the fewest rooms, then in turn.

    Arguments:
        cpu: the load of each worker over the last second, as a fraction of one core (0 to 1). It lags behind, so the
            number of rooms decides between idle workers.
        rooms: the number of rooms on each worker.
        turn: a counter that makes equal workers take turns.
    """
    count = len(cpu)
    return min(range(count), key=lambda index: (int(cpu[index] / _RESOLUTION), rooms[index], (index - turn) % count))
