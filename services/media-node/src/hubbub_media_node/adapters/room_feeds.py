"""Follows the feed of each room that is hosted here, and closes what is not the room's any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from hubbub_bus import Bus, RoomChange, RoomFeed, cancel_and_wait
from hubbub_contracts import subjects
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_service import Tasks

from ..domain.confirmation import PATIENCE, Confirmation
from ..domain.room_view import Change, Key, RoomView
from ..handlers import unconfirmed
from ..handlers.node import Node

log = logging.getLogger(__name__)

CHECK_INTERVAL = 0.5
LINK_GOOD_FOR = 1.0
"""Seconds of a good link before a feed is believed to be complete."""
_RETRY = (0.1, 2.0)
"""Seconds before the first and the last repetition of a request for a snapshot."""
_BEHIND_TRIES = 10
"""Answers that are older than what was seen already, before such a one is believed."""


class _Followed:
    """One room: its feed, its view, and a snapshot whenever the view is not fresh."""

    def __init__(
        self, bus: Bus, room_id: str, here: Placement, patience: float, on_gone: Callable[[set[str]], None]
    ) -> None:
        self.view = RoomView(here)
        self.confirmation: Confirmation[Key] = Confirmation(patience)
        self.announced = 0
        """What the registry last said that the room's revision is, when that was ahead of us."""
        self._bus = bus
        self._room_id = room_id
        self._on_gone = on_gone
        self._stale = asyncio.Event()
        self._stale.set()

    def gap(self) -> None:
        """Changes may have been missed."""
        self.view.gap()
        self._stale.set()

    async def run(self) -> None:
        """Until cancelled."""
        feed = await self._open()
        try:
            while True:
                await self._stale.wait()
                self._stale.clear()
                await self._take_snapshot()
        finally:
            await feed.stop()

    def _changed(self, change: RoomChange) -> None:
        if change.kind == "peer":
            record = change.record if isinstance(change.record, PeerRecord) else None
            self._tell(self.view.change(Change(change.sequence, change.id, record)))
        else:
            self.view.saw(change.sequence)

    async def _open(self) -> RoomFeed:
        pause = _RETRY[0]
        while True:
            try:
                return await RoomFeed.open(self._bus, self._room_id, self._changed, self.gap)
            except Exception as error:  # noqa: BLE001  the bus is away; it tells in several ways
                log.info("the feed of a room is not open yet: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _RETRY[1])

    async def _take_snapshot(self) -> None:
        """Asks until there is an answer; a gap meanwhile makes the answer useless, and the next turn asks again."""
        pause, behind = _RETRY[0], 0
        while not self._stale.is_set():
            try:
                snapshot = await self._bus.request(subjects.registry(GetRoom.verb), GetRoom(room_id=self._room_id))
            except HubbubError as error:
                if error.code is ErrorCode.ROOM_NOT_FOUND:
                    self.view.adopt_nothing()
                    return
            else:
                behind += 1
                if snapshot.revision >= self.view.revision or behind > _BEHIND_TRIES:
                    self._tell(self.view.adopt(snapshot.peers, snapshot.revision))
                    return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _RETRY[1])

    def _tell(self, gone: set[str]) -> None:
        if gone:
            self._on_gone(gone)


class BusRoomFeeds:
    """All rooms of one life of this node. `node` and `here` are set before the first room is followed."""

    node: Node
    here: Placement

    def __init__(self, bus: Bus, patience: float = PATIENCE) -> None:
        self._bus = bus
        self._patience = patience
        self._rooms: dict[str, tuple[_Followed, asyncio.Task[Any]]] = {}
        self._tasks = Tasks()

    def follow(self, room_id: str) -> None:
        """Listens to a room; once is enough."""
        if room_id in self._rooms:
            return
        followed = _Followed(self._bus, room_id, self.here, self._patience, lambda gone: self._gone(room_id, gone))
        self._rooms[room_id] = (followed, self._tasks.spawn(followed.run(), "room-feed"))

    def leave(self, room_id: str) -> None:
        """Listens no more."""
        _, task = self._rooms.pop(room_id, (None, None))
        if task is not None:
            self._tasks.spawn(cancel_and_wait(task), "end-room-feed")

    def heard_revisions(self, revisions: Mapping[str, int]) -> None:
        """The registry tells each room's revision now and then: behind it twice means that a change was lost."""
        for room_id, (followed, _) in self._rooms.items():
            told = revisions.get(room_id, 0)
            if followed.view.fresh and followed.view.revision < followed.announced:
                log.warning("a change of a room was missed: a new snapshot is taken")
                followed.gap()
            followed.announced = told if followed.view.revision < told else 0

    async def run(self) -> None:
        """Closes what is overdue, for as long as the node lives."""
        while True:
            await asyncio.sleep(CHECK_INTERVAL)
            now = time.monotonic()
            link_is_good = self._bus.healthy_for(LINK_GOOD_FOR)
            for room_id, (followed, _) in list(self._rooms.items()):
                overdue = followed.confirmation.overdue(
                    now,
                    unconfirmed.held_in(self.node, room_id),
                    followed.view.shown(),
                    healthy=link_is_good and followed.view.fresh,
                )
                if overdue:
                    log.warning("closing %d objects of a room that does not know them", len(overdue))
                    self._tasks.spawn(unconfirmed.close_overdue(self.node, room_id, overdue), "close-overdue")

    async def stop(self) -> None:
        """Leaves every room."""
        self._rooms.clear()
        await self._tasks.close()

    def _gone(self, room_id: str, peers: set[str]) -> None:
        self._tasks.spawn(unconfirmed.close_gone(self.node, room_id, peers), "close-gone")
