"""Replicas of the hosted rooms, over the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot
from hubbub_room import Projection, RoomReplica, open_feed
from hubbub_service import Tasks, cancel_and_wait

_log = structlog.get_logger(__name__)

HEALTHY_FOR = 1.0
"""Seconds for which the bus connection must have been healthy before a replica counts as complete."""
_STOP_TIMEOUT = 2.0
_BACKOFF = (0.1, 2.0)
"""Seconds before the first and the last retry to open a feed."""


@dataclass(frozen=True, slots=True)
class _Followed:
    replica: RoomReplica
    opening: asyncio.Task[Any]


class BusRoomReplicas:
    """Implements `domain.ports.RoomReplicas`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._followed: dict[str, _Followed] = {}
        self._tasks = Tasks()

    def follow(self, room_id: str, projection: Projection) -> None:
        """Starts a replica of a room, in the background."""
        replica = RoomReplica(partial(open_feed, self._bus, room_id), partial(self._fetch, room_id), projection)
        opening = self._tasks.spawn(self._open(room_id, replica), "open-room-replica")
        self._followed[room_id] = _Followed(replica, opening)

    def unfollow(self, room_id: str) -> None:
        """Stops a room's replica, in the background."""
        followed = self._followed.pop(room_id, None)
        if followed is not None:
            self._tasks.spawn(_stop(followed), "stop-room-replica")

    def is_complete(self, room_id: str) -> bool:
        """The replica has missed nothing, and the bus connection is healthy."""
        followed = self._followed.get(room_id)
        return followed is not None and followed.replica.fresh and self._bus.healthy_for(HEALTHY_FOR)

    def announce(self, revisions: Mapping[str, int]) -> None:
        """Compares the replicas with the revisions that the registry announces."""
        for room_id, followed in self._followed.items():
            if room_id in revisions:
                followed.replica.announce(revisions[room_id])

    async def stop(self) -> None:
        """Stops all replicas."""
        stopped, self._followed = list(self._followed.values()), {}
        for each in stopped:
            self._tasks.spawn(_stop(each), "stop-room-replica")
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await self._tasks.drain()
        finally:
            await self._tasks.close()

    async def _open(self, room_id: str, replica: RoomReplica) -> None:
        pause, longest = _BACKOFF
        while True:
            try:
                await replica.open()
                break
            except Exception as error:  # noqa: BLE001  nats-py raises various exceptions while it is disconnected
                _log.info("could not open a room feed, retrying", room_id=room_id, error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
        replica.resync()

    async def _fetch(self, room_id: str) -> RoomSnapshot:
        return await self._bus.request(subjects.registry(GetRoom.verb), GetRoom(room_id=room_id))


async def _stop(followed: _Followed) -> None:
    await cancel_and_wait(followed.opening)
    await followed.replica.stop()
