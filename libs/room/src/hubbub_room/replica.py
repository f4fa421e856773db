"""A local replica of one room, kept complete by the room's change feed and by snapshots.

Rules
- The feed is open before the first snapshot is requested, so nothing is missed in between.
- A gap in the feed is answered by a new snapshot, whose request is retried with exponential backoff.
- Several gaps at the same time cost one request. A reply that arrives after another gap is discarded.
- A change or a snapshot that the projection fails to take is a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_service import Tasks, report_failure

from .changes import FeedChange
from .projection import Projection
from .replica_state import ReplicaState

_log = structlog.get_logger(__name__)

BACKOFF = (0.1, 2.0)
"""Seconds before the first and the last retry of a snapshot request."""
FEED_LAG = 1.0
"""Seconds for which a change that the registry has answered with may be on its way."""
CATCH_UP = 5.0
"""Seconds in which a snapshot must arrive instead."""


class Subscription(Protocol):
    """An open feed."""

    async def stop(self) -> None:
        """Ends the subscription."""


class OpenFeed(Protocol):
    """Subscribes to a room's changes. Raises what the transport raises."""

    async def __call__(self, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]) -> Subscription:
        """`on_change` gets each change in order; `on_gap` is called when changes may have been missed."""


Fetch = Callable[[], Awaitable[RoomSnapshot]]
"""Requests the room's snapshot. Raises HubbubError; every error but `room_not_found` is retried."""


class RoomReplica:
    """Feeds one `Projection`, from `open` to `stop`."""

    def __init__(self, feed: OpenFeed, fetch: Fetch, projection: Projection, *, delay: float = 0.0) -> None:
        """`delay` is the time in seconds between a gap and the request for a snapshot."""
        self._feed = feed
        self._fetch = fetch
        self._projection = projection
        self._delay = delay
        self._state = ReplicaState()
        self._tasks = Tasks()
        self._subscription: Subscription | None = None
        self._synchronization: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """The projection is complete, as far as is known: what it lacks is not in the room."""
        return self._state.fresh

    @property
    def revision(self) -> int:
        """Of the last change or snapshot that the projection received; -1 before the first."""
        return self._state.revision

    async def open(self) -> None:
        """Subscribes to the feed. `resync` or `adopt` then provides the first snapshot."""
        self._subscription = await self._feed(self._on_change, self.resync)

    async def stop(self) -> None:
        """Ends the subscription and cancels a pending request. The projection is not called afterwards."""
        subscription, self._subscription = self._subscription, None
        try:
            if subscription is not None:
                await subscription.stop()
        finally:
            await self._tasks.close()

    def adopt(self, snapshot: RoomSnapshot) -> None:
        """Adopts a snapshot that was part of the reply to another request, sent after `open`.

        After the first snapshot, one that is not newer than the replica is ignored.
        """
        if self._state.has_snapshot and snapshot.revision <= self.revision:
            return
        state = self._state.merge(snapshot)
        if not self._synchronizing:
            self._state.complete()
        self._projection.adopt(state)
        self._changed.set()

    @property
    def known_revision(self) -> int | None:
        """The revision for a request whose reply may be partial; None when it must not be."""
        return self.revision if self.fresh else None

    async def catch_up(self, reply: RoomSnapshot) -> None:
        """Adopts the reply to a request, or waits for the changes up to a partial one. Raises `unavailable`."""
        if not reply.partial:
            self.adopt(reply)
            return
        await self.reach(reply.revision)

    async def reach(self, revision: int) -> None:
        """Waits for the changes up to `revision`, which the registry has answered with. Raises `unavailable`."""
        try:
            await self._reach(revision, FEED_LAG)
        except TimeoutError:
            if self.fresh:  # else a snapshot is under way, which other replies wait for as well
                self.resync()
            try:
                await self._reach(revision, CATCH_UP)
            except TimeoutError:
                raise HubbubError(ErrorCode.UNAVAILABLE, "the room's changes do not arrive", retryable=True) from None

    def announce(self, revision: int) -> None:
        """Compares the replica with the revision that the registry announces for the room from time to time."""
        if self._state.is_behind(revision):
            _log.warning("missed a change of a room, requesting a snapshot", revision=self.revision)
            self.resync()

    def resync(self) -> None:
        """Requests a new snapshot, because changes may have been missed."""
        self._state.gap()
        if not self._synchronizing:
            self._synchronization = self._tasks.spawn(self._synchronize(), "room-snapshot")

    @property
    def _synchronizing(self) -> bool:
        return self._synchronization is not None and not self._synchronization.done()

    async def _reach(self, revision: int, within: float) -> None:
        """Waits until the projection has every change up to `revision`. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not self.fresh or self.revision < revision:
                self._changed.clear()
                await self._changed.wait()

    def _on_change(self, change: FeedChange) -> None:
        if not self._state.advance(change):
            return
        try:
            self._projection.apply(change)
        except Exception as error:  # noqa: BLE001  a bug of the projection must not let it miss a change
            report_failure("a change of a room was not applied, requesting a snapshot", error)
            self.resync()
        self._changed.set()

    async def _synchronize(self) -> None:
        """Requests snapshots until one is adopted and no gap has followed it."""
        await asyncio.sleep(self._delay)
        pause, longest = BACKOFF
        while not await self._try_once():
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _try_once(self) -> bool:
        try:
            return await self._fetch_once()
        except Exception as error:  # noqa: BLE001  a replica that gives up would stay incomplete for ever
            report_failure("a snapshot of a room was not adopted, retrying", error)
            self._state.gap()
            return False

    async def _fetch_once(self) -> bool:
        """Returns whether the replica is fresh afterwards."""
        gaps, requested_at = self._state.gaps, self._state.revision
        snapshot: RoomSnapshot | None = None
        try:
            snapshot = await self._fetch()
        except HubbubError as error:
            if error.code is not ErrorCode.ROOM_NOT_FOUND:
                _log.info("no snapshot of a room yet", code=error.code.value)
                return False
        if self._state.gaps != gaps:
            return False
        if snapshot is None and self._state.revision > requested_at:
            return False  # the room may have been created again meanwhile
        if snapshot is None:
            self._state.complete()
            self._projection.room_not_found()
        elif self._state.accepts(snapshot, requested_at):
            state = self._state.merge(snapshot)
            self._state.complete()
            self._projection.adopt(state)
        self._changed.set()
        return self._state.fresh
