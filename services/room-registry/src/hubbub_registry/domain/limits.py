"""Limits on rooms, peers and producers.

Replicas write concurrently, so each may pass its own check and together they exceed a limit. The order of the stored
writes decides: a writer whose record is over the limit rolls it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest number of each that may exist."""

    rooms: int
    peers_per_room: int
    producers_per_peer: int


def over_limit(limit: int, own: int, others: Iterable[int]) -> bool:
    """Returns whether at least `limit` of `others` were stored before `own`; all are sequences of the bucket."""
    return sum(other < own for other in others) >= limit
