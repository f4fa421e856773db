"""One room as this instance sees it, shared by all its sessions in that room.

Rules
- The feed is subscribed to before anything is asked; what comes before the first snapshot is kept and applied after it.
- A gap in the feed is answered by a new snapshot, adopted unconditionally; the sessions are told the difference.
- The hub goes when its last holder lets go.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Protocol

import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot

from ..domain.ports import Backend, FeedChange, PeerChanged, Subscription
from ..domain.room_view import Change, RoomView

_log = structlog.get_logger(__name__)
RESYNC_PAUSE = 1.0


class Listener(Protocol):
    """A session in the room."""

    def on_changes(self, changes: Iterable[Change], revision: int) -> None:
        """The room has changed."""


class RoomHub:
    """A room's view, kept true by its feed."""

    def __init__(self, room_id: str, backend: Backend) -> None:
        self.room_id = room_id
        self.view = RoomView()
        self.sessions: set[Listener] = set()
        self.holders = 0
        self._backend = backend
        self._early: list[FeedChange] | None = []
        self._subscription: Subscription | None = None
        self._resync: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Subscribes to the room's changes."""
        self._subscription = await self._backend.watch_room(self.room_id, self._on_change, self.resync)

    async def close(self) -> None:
        """Listens no more."""
        if self._resync is not None:
            self._resync.cancel()
        if self._subscription is not None:
            await self._subscription.stop()

    def adopt(self, snapshot: RoomSnapshot, *, always: bool = False) -> None:
        """Takes a snapshot in, if it is newer than the view or `always`, then what the feed brought before it."""
        if always or snapshot.revision > self.view.revision:
            self._tell(self.view.adopt(snapshot))
        early, self._early = self._early, None
        for change in early or ():
            self._on_change(change)

    def heard_revision(self, revision: int) -> None:
        """The registry says how far the room is. Behind that, changes were lost, or are on their way."""
        if self._early is None and revision > self.view.revision:
            self.resync()

    def resync(self) -> None:
        """Takes a new snapshot, soon, and once for many causes."""
        if self._early is None and (self._resync is None or self._resync.done()):
            self._resync = asyncio.create_task(self._take_snapshot(self.view.revision))

    async def _take_snapshot(self, seen: int) -> None:
        """Asks until it is answered; a change that was merely on its way has come after the pause."""
        while True:
            await asyncio.sleep(RESYNC_PAUSE)
            try:
                snapshot = await self._backend.registry(GetRoom(room_id=self.room_id))
            except HubbubError as error:
                if error.code is ErrorCode.ROOM_NOT_FOUND:
                    self._tell(self.view.lose("lost"))
                    return
                _log.warning("no snapshot", room=self.room_id, code=error.code.value)
                continue
            if snapshot.revision >= self.view.revision or self.view.revision == seen:
                self.adopt(snapshot, always=True)
            return

    def _on_change(self, change: FeedChange) -> None:
        if self._early is not None:
            self._early.append(change)
        elif isinstance(change, PeerChanged):
            self._tell(self.view.apply_peer(change.sequence, change.peer_id, change.record, change.reason))
        else:
            self._tell(self.view.apply_settings(change.sequence, change.record, change.reason))

    def _tell(self, changes: list[Change]) -> None:
        if changes:
            for session in list(self.sessions):
                session.on_changes(changes, self.view.revision)


class RoomHubs:
    """The rooms that this instance has sessions in."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._hubs: dict[str, RoomHub] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}

    async def hold(self, room_id: str) -> RoomHub:
        """The room's hub, subscribed; to be let go of once for each hold."""
        hub = self._hubs.get(room_id)
        if hub is None:
            hub = self._hubs[room_id] = RoomHub(room_id, self._backend)
            self._opening[room_id] = asyncio.create_task(hub.open())
        hub.holders += 1
        try:
            await asyncio.shield(self._opening[room_id])
        except BaseException:
            await self.let_go(hub)
            raise
        return hub

    async def let_go(self, hub: RoomHub) -> None:
        """Ends one hold."""
        hub.holders -= 1
        if hub.holders == 0 and self._hubs.get(hub.room_id) is hub:
            del self._hubs[hub.room_id]
            opening = self._opening.pop(hub.room_id)
            with contextlib.suppress(HubbubError):
                await asyncio.shield(opening)
            await hub.close()

    def heard_revisions(self, revisions: dict[str, int]) -> None:
        """The registry says how far each room is."""
        for room_id, revision in revisions.items():
            if hub := self._hubs.get(room_id):
                hub.heard_revision(revision)

    def resync(self) -> None:
        """Anything may have been missed: takes new snapshots of all rooms."""
        for hub in self._hubs.values():
            hub.resync()
