"""Selects for removal: empty rooms, peers of closed rooms, and peers of signaling instances that have ended.

Times are monotonic seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from hubbub_service import Absences

from .rooms import Room, Rooms
from .stored_record import SignalingIncarnation, StoredPeer, StoredRoom

ABANDONED_AFTER = 5.0
"""Seconds after which an operation in two steps is considered abandoned by its replica: any other may finish it."""
UNJOINED_TTL = 15.0
"""Seconds that a room waits for its first peer. A client can create many rooms at no cost, and all of them count."""


def time_to_live(settings: StoredRoom, empty_room_ttl: float) -> float:
    """Returns how many seconds the room stays open while nobody occupies it."""
    if settings.closing or settings.ended:
        return min(empty_room_ttl, ABANDONED_AFTER)
    if settings.empty_ttl is not None:
        return settings.empty_ttl  # the application has chosen it, also for the time before the first join
    was_joined = settings.placement is not None
    return empty_room_ttl if was_joined else min(empty_room_ttl, UNJOINED_TTL)


def is_to_close(room: Room, now: float, empty_room_ttl: float) -> bool:
    """Whether nobody has occupied the room for its time to live, or its close was abandoned."""
    if room.settings is None or room.is_occupied():
        return False
    return now - room.idle_since >= time_to_live(room.settings, empty_room_ttl)


def rooms_to_close(rooms: Rooms, now: float, empty_room_ttl: float) -> list[str]:
    """Returns the ids of the rooms that are to be closed."""
    return [room_id for room_id, room in rooms.empty if is_to_close(room, now, empty_room_ttl)]


def rooms_to_reopen(rooms: Rooms, now: float) -> list[str]:
    """Returns the ids of occupied rooms whose closing marker was not removed by the replica that wrote it."""
    return [
        room_id for room_id, room in rooms.closing if room.is_occupied() and now - room.idle_since >= ABANDONED_AFTER
    ]


def orphaned_peers(rooms: Rooms, now: float) -> list[StoredPeer]:
    """Returns the peers of closed rooms.

    Their joins were never acknowledged, or the replica that closed the room for a moderator did not finish.
    """
    return [
        peer
        for _, room in itertools.chain(rooms.closed, rooms.ended)
        if now - room.idle_since >= ABANDONED_AFTER
        for peer in room.peers.values()
    ]


class SignalingLeaseTracker:
    """Records since when each signaling incarnation with peers has had no lease.

    An instance that restarts under the same name has a new epoch: its lease does not keep the peers of the former
    incarnation, which lost their sockets.
    """

    def __init__(self, grace: float) -> None:
        """`grace` is the time in seconds that an instance has to acquire its lease again."""
        self._absences = Absences[SignalingIncarnation](grace)

    def skip(self) -> None:
        """Does not count the time between the last call of `lost_peers` and the next one: a lease may not be seen."""
        self._absences.skip()

    def lost_peers(self, rooms: Rooms, leased: Mapping[str, int], now: float) -> Iterator[StoredPeer]:
        """Returns the peers whose incarnation has had no lease for the whole grace period.

        `leased` is the epoch of each instance's lease.
        """
        missing = {
            each
            for each in rooms.incarnations
            if each.signaling_id not in leased or each.epoch not in (None, leased[each.signaling_id])
        }
        return (peer for each in self._absences.lasting(missing, now) for peer in rooms.served_by(each))
