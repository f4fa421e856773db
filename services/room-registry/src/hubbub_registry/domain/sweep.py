"""What has to be cleared away: empty rooms, peers without a room, peers whose signaling instance is gone.

Times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hubbub_contracts.bus.records import PeerRecord
from hubbub_registry.domain.room_state import Held, Rooms

UNFINISHED_AFTER = 5.0
"""Whoever began something and did not end it in this time is gone: another replica ends it."""


def empty_rooms(rooms: Rooms, now: float, ttl: float) -> list[str]:
    """Rooms without peers for `ttl` seconds; those that somebody began to close a while ago too."""
    return [
        room_id
        for room_id, room in rooms
        if room.settings is not None
        and not room.peers
        and now - room.idle_since >= (min(ttl, UNFINISHED_AFTER) if room.settings.record.closing else ttl)
    ]


def half_closed(rooms: Rooms, now: float) -> list[str]:
    """Rooms that have peers and yet are closing: whoever began it should have taken it back."""
    return [
        room_id
        for room_id, room in rooms
        if room.settings is not None
        and room.settings.record.closing
        and room.peers
        and now - room.idle_since >= UNFINISHED_AFTER
    ]


def orphans(rooms: Rooms, now: float) -> list[Held[PeerRecord]]:
    """Peers of rooms that are closed: their joins were never acknowledged."""
    return [
        peer
        for _, room in rooms
        if room.settings is None and now - room.idle_since >= UNFINISHED_AFTER
        for peer in room.peers.values()
    ]


class LostSignaling:
    """Which signaling instances are gone, and since when."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._gone_since: dict[str, float] = {}

    def forgive(self) -> None:
        """Begins anew: this replica could not hear well enough to tell."""
        self._gone_since.clear()

    def lost_peers(self, rooms: Rooms, leased: Collection[str], now: float) -> Iterator[Held[PeerRecord]]:
        """Peers whose instance has had no lease for the time of grace."""
        served = [peer for _, room in rooms for peer in room.peers.values()]
        gone = {peer.record.signaling_id for peer in served} - set(leased)
        self._gone_since = {instance: self._gone_since.get(instance, now) for instance in gone}
        lost = {instance for instance, since in self._gone_since.items() if now - since >= self._grace}
        return (peer for peer in served if peer.record.signaling_id in lost)
