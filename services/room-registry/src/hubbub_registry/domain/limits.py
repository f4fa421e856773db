"""Limits on rooms, peers, producers and bytes.

Replicas write concurrently, so each may pass its own check and together they exceed a limit. The order of the stored
writes decides: a writer whose record is over the limit rolls it back.

Bytes are checked before a write only. A writer reads the stored record of its peer first, so a room exceeds the limit
by at most one join or producer of each of its peers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hubbub_contracts.room_options import RoomOptions


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest number of each that may exist."""

    rooms: int
    peers_per_room: int
    producers_per_peer: int
    room_bytes: int
    """Bytes of a room's records: its settings, and its peers with their producers."""
    waiting_per_room: int = 50
    """Peers in the lobby of a room."""
    producers_per_room: int = 1_000
    rooms_per_tenant: int | None = None
    peers_per_tenant: int | None = None
    """Participants, and those in audiences."""
    audience_per_room: int = 1_000

    def participants(self, options: RoomOptions) -> int:
        """Participants of a room with these options."""
        return min(self.peers_per_room, options.max_peers or self.peers_per_room)


def over_limit(limit: int, own: int, others: Iterable[int]) -> bool:
    """Returns whether at least `limit` of `others` were stored before `own`; all are sequences of the bucket."""
    return sum(other < own for other in others) >= limit
