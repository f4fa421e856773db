"""What a replica does unasked: moves what lost its home, clears away, and tells each room's revision."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time

from hubbub_bus import Bus
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_registry.adapters.lease_board import LeaseBoard
from hubbub_registry.adapters.room_store import KvRoomStore
from hubbub_registry.adapters.watchdog import Watchdog
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.replacement import unknown_homes
from hubbub_registry.handlers.replacement import Replacement
from hubbub_registry.handlers.sweeper import Sweeper
from hubbub_service import Tasks

log = logging.getLogger(__name__)

RECONCILE_INTERVAL = 1.0
RETRY_PAUSE = 0.1
REVISIONS_INTERVAL = 2.0
REVISIONS_PER_EVENT = 1_000


class Housekeeping:
    """Three loops."""

    def __init__(
        self,
        bus: Bus,
        store: KvRoomStore,
        nodes: Nodes,
        board: LeaseBoard,
        watchdog: Watchdog,
        sweeper: Sweeper,
        sweep_interval: float,
        changed: asyncio.Event,
    ) -> None:
        self._bus = bus
        self._store = store
        self._nodes = nodes
        self._board = board
        self._watchdog = watchdog
        self._sweeper = sweeper
        self._sweep_interval = sweep_interval
        self._changed = changed
        self._replacement = Replacement(store, nodes)

    def start(self, tasks: Tasks) -> None:
        """Begins."""
        tasks.spawn(self._reconcile(), "reconcile", vital=True)
        tasks.spawn(self._sweep(), "sweep", vital=True)
        tasks.spawn(self._tell_revisions(), "revisions", vital=True)

    async def _reconcile(self) -> None:
        """Whenever the nodes change, and now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`, which in Python 3.11 loses a cancellation that comes with the change.
                async with asyncio.timeout(RECONCILE_INTERVAL):
                    await self._changed.wait()
            self._changed.clear()
            if not (self._store.healthy and self._board.healthy):
                continue
            if self._watchdog.may_judge:
                for home in unknown_homes(self._store.rooms, self._nodes):
                    self._nodes.await_life(home, time.monotonic())
            if not await self._replacement.run():
                self._changed.set()
                await asyncio.sleep(RETRY_PAUSE * random.uniform(0.5, 1.5))  # noqa: S311

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_interval * random.uniform(0.8, 1.2))  # noqa: S311
            if self._store.healthy and self._board.healthy:
                judge = self._watchdog.may_judge
                await self._sweeper.run(frozenset(self._board.signaling), time.monotonic(), may_judge=judge)

    async def _tell_revisions(self) -> None:
        while True:
            await asyncio.sleep(REVISIONS_INTERVAL * random.uniform(0.8, 1.2))  # noqa: S311
            if not self._store.healthy:
                continue
            revisions = list(self._store.rooms.revisions().items())
            try:
                for start in range(0, len(revisions), REVISIONS_PER_EVENT):
                    part = dict(revisions[start : start + REVISIONS_PER_EVENT])
                    await self._bus.publish(subjects.REVISIONS, RoomRevisions(revisions=part))
            except HubbubError as error:
                log.debug("revisions not told: %s", error)
