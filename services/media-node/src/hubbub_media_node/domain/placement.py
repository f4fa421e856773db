"""Which worker a new room lives on."""

from __future__ import annotations

from collections.abc import Sequence

_STEP = 0.1
"""Differences of load below this are noise."""


def least_loaded(cpu: Sequence[float], rooms: Sequence[int], turn: int) -> int:
    """The index of the worker with the least load, then the fewest rooms; ties go round with `turn`.

    `cpu` is of one core, 0..1, over the last second: it lags behind, so that rooms decide among the idle.
    """
    count = len(cpu)
    return min(range(count), key=lambda index: (int(cpu[index] / _STEP), rooms[index], (index - turn) % count))
