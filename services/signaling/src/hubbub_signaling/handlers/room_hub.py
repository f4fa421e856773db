"""The rooms of this instance's sessions. All sessions in a room share one replica of it.

Rules
- A hub is opened by its first user and closed when the last one releases it.
- Listeners get the differences that each change and each snapshot makes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Protocol

from hubbub_contracts import HubbubError
from hubbub_contracts.bus.room import GetRoom
from hubbub_room import FeedChange, RoomReplica, RoomState

from ..domain.ports import Backend
from ..domain.room_view import RoomView, ViewChange

RESYNC_DELAY = 1.0
"""Seconds between a gap in the feed and the request for a snapshot."""


class RoomListener(Protocol):
    """A session in the room."""

    def on_changes(self, changes: Iterable[ViewChange], revision: int) -> None:
        """The room changed; `revision` is the one after the changes."""


class RoomHub:
    """The view of one room and its listeners. Implements `hubbub_room.Projection`."""

    def __init__(self, room_id: str, backend: Backend) -> None:
        self.room_id = room_id
        self.view = RoomView()
        self.listeners: set[RoomListener] = set()
        self.replica = RoomReplica(
            partial(backend.watch_room, room_id),
            partial(backend.registry, GetRoom(room_id=room_id)),
            self,
            delay=RESYNC_DELAY,
        )

    def apply(self, change: FeedChange) -> None:
        """Applies a change of the feed."""
        self._notify(self.view.apply(change))

    def adopt(self, state: RoomState) -> None:
        """Replaces the view."""
        self._notify(self.view.adopt(state))

    def room_not_found(self) -> None:
        """Reports to the listeners that the registry does not know the room."""
        self._notify(self.view.remove())

    def _notify(self, changes: list[ViewChange]) -> None:
        if changes:
            for listener in list(self.listeners):
                listener.on_changes(changes, self.view.revision)


class _Entry:
    """A hub with the number of its users."""

    def __init__(self, hub: RoomHub) -> None:
        self.hub = hub
        self.users = 0
        self.opening = asyncio.create_task(hub.replica.open())


class RoomHubs:
    """The hubs of all rooms that have a session on this instance."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._entries: dict[str, _Entry] = {}

    async def acquire(self, room_id: str) -> RoomHub:
        """The room's hub, with an open feed. Call `release` once for each `acquire`. Raises HubbubError."""
        entry = self._entries.get(room_id)
        if entry is None:
            entry = self._entries[room_id] = _Entry(RoomHub(room_id, self._backend))
        entry.users += 1
        try:
            await asyncio.shield(entry.opening)
        except BaseException:
            await self.release(entry.hub)
            raise
        return entry.hub

    async def release(self, hub: RoomHub) -> None:
        """Ends one use of the hub. The last one closes it."""
        entry = self._entries[hub.room_id]
        entry.users -= 1
        if entry.users == 0:
            del self._entries[hub.room_id]
            with contextlib.suppress(HubbubError):
                await asyncio.shield(entry.opening)
            await hub.replica.stop()

    def announce(self, revisions: Mapping[str, int]) -> None:
        """Compares the replicas with the revisions that the registry announces, to detect missed changes."""
        for room_id, revision in revisions.items():
            if entry := self._entries.get(room_id):
                entry.hub.replica.announce(revision)
