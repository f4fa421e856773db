"""Limits, decided by the order in which writes were stored: whoever stands behind the limit takes his write back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of each there may be."""

    rooms: int
    peers_per_room: int
    producers_per_peer: int


def stands_behind(limit: int, own: int, others: Iterable[int]) -> bool:
    """True when at least `limit` of the `others` were stored before `own`; all are sequences."""
    return sum(other < own for other in others) >= limit
