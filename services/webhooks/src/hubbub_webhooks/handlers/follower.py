"""Turns the stored changes into the events of one endpoint.

Each batch is stored in four steps, and any of them may be the last one of this process:
1. what the endpoint was told of each changed room, with the new events in it,
2. the events, in the endpoint's queues,
3. the position up to which the changes are worked off,
4. nothing: delivery goes on by itself.
A process that takes over after step 1 finds the events of the interrupted batch and queues them; those that step 2 has
queued already are not stored twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import cast

import structlog

from hubbub_bus import unix_ms
from hubbub_contracts import HubbubError, ids, subjects
from hubbub_contracts.bus.webhook_records import Position, ToldRoom, WebhookRecord
from hubbub_service import cancel_and_wait

from ..domain.change_order import ChangeOrder
from ..domain.ports import Changes, EventQueues, Logged, ToldStore
from ..domain.rfc3339 import now_text
from ..domain.teller import Teller

BUCKETS = tuple(subjects.CHANGE_SOURCES)
CHECK_INTERVAL = 0.5
"""Seconds between two checks for lost changes, while changes wait for those before them."""
COMPARE_INTERVAL = 3.0
"""Seconds without a change after which the log is compared with the buckets."""
REMEMBERED = 86_400_000
"""Milliseconds for which the sequence of an idle room goes on."""

_log = structlog.get_logger(__name__)


class Follower:
    """One endpoint."""

    def __init__(
        self,
        endpoint: WebhookRecord,
        changes: Changes,
        told: ToldStore,
        queues: EventQueues,
        on_queued: Callable[[str], None],
    ) -> None:
        """`on_queued` is called with the room id of each queue that has got events."""
        self._endpoint = endpoint
        self._id = endpoint.webhook_id
        self._changes = changes
        self._told = told
        self._queues = queues
        self._on_queued = on_queued
        self._position = Position()
        self._teller = self._make_teller(())
        self._orders: dict[str, ChangeOrder[Logged]] = {}
        self._expected: dict[str, int] = {}
        """The last change of each bucket that the log had not when it was compared."""

    @property
    def position(self) -> int:
        """Up to where the log is worked off."""
        return self._position.log

    async def run(self) -> None:
        """Follows until it is cancelled. Raises HubbubError, after which it may be run again, and NotOwner."""
        await self._changes.prepare()
        await self._queues.prepare()
        # Of a former run. They may be ahead of what was stored.
        self._orders.clear()
        self._expected.clear()
        self._position, rooms = await self._told.load(self._id)
        interrupted = [room for room in rooms if room.batch > self._position.batch]
        self._teller = self._make_teller(rooms)
        await self._finish(interrupted, max((room.batch for room in interrupted), default=self._position.batch))
        self._orders = {bucket: ChangeOrder(self._position.revisions.get(bucket, 0)) for bucket in BUCKETS}
        for bucket in BUCKETS:
            if bucket not in self._position.revisions:
                await self._list(bucket)
        await self._commit(self._position.log)
        await self._follow()

    def _make_teller(self, rooms: Iterable[ToldRoom]) -> Teller:
        return Teller(rooms, self._endpoint.events, self._is_told)

    def _is_told(self, room_id: str) -> bool:
        return self._endpoint.all_tenants or ids.tenant(room_id) == self._endpoint.tenant

    async def _follow(self) -> None:
        """Reads the log. Checks for lost changes also while nothing new arrives."""
        batches = cast("AsyncGenerator[list[Logged]]", self._changes.read(self._position.log))
        async with contextlib.aclosing(batches):
            reading = asyncio.ensure_future(anext(batches))
            try:
                while True:
                    waits = any(order.waits for order in self._orders.values())
                    await asyncio.wait([reading], timeout=CHECK_INTERVAL if waits else COMPARE_INTERVAL)
                    logged: list[Logged] = []
                    if reading.done():
                        logged = reading.result()
                        reading = asyncio.ensure_future(anext(batches))
                    elif not waits:
                        await self._compare()
                    await self._work_off(logged)
            finally:
                await cancel_and_wait(reading)

    async def _work_off(self, logged: list[Logged]) -> None:
        now = time.monotonic()
        for each in logged:
            order = self._orders.get(each.bucket)
            self._tell(order.add(each.revision, each, now) if order is not None else ())
        for bucket, order in self._orders.items():
            if order.has_gap(now):
                _log.warning("changes are missing in the log, listing the bucket", bucket=bucket, after=order.last)
                # First what is known: a call that has begun and ended since is in no listing.
                self._tell(order.skip())
                await self._list(bucket)
        # A change that waits is read again after a restart: the position stays before it.
        waits = any(order.waits for order in self._orders.values())
        await self._commit(self._position.log if waits or not logged else logged[-1].position)

    def _tell(self, following: Iterable[Logged]) -> None:
        for each in following:
            if each.change is not None:
                self._teller.apply(each.bucket, each.change, each.revision, each.at)

    async def _compare(self) -> None:
        """Lists a bucket that has had changes which were not in the log when it was compared before.

        The last change of a bucket may be lost. Without a later one, no sequence shows it.
        """
        for bucket, order in self._orders.items():
            expected = self._expected.pop(bucket, None)
            if expected is not None and order.last < expected:
                _log.warning("changes are missing in the log, listing the bucket", bucket=bucket, after=order.last)
                await self._list(bucket)
            stored = await self._changes.last_revision(bucket)
            if stored > order.last:
                self._expected[bucket] = stored

    async def _list(self, bucket: str) -> None:
        listing = await self._changes.list(bucket)
        self._teller.apply_listing(bucket, listing.present, listing.revision, now_text())
        self._orders[bucket].restart(listing.revision)

    async def _commit(self, log_position: int) -> None:
        batch = self._position.batch + 1
        rooms = self._teller.take(batch, unix_ms())
        for room in rooms:
            await self._told.put_room(self._id, room)
        await self._finish(rooms, batch, log_position)
        self._teller.forget_idle(unix_ms() - REMEMBERED)

    async def _finish(self, rooms: Iterable[ToldRoom], batch: int, log_position: int | None = None) -> None:
        for room in rooms:
            for event in room.events:
                await self._queues.append(self._id, room.room_id, event)
            if room.events:
                self._on_queued(room.room_id)
        position = Position(
            log=self._position.log if log_position is None else log_position,
            batch=batch,
            revisions={bucket: order.last for bucket, order in self._orders.items()} or self._position.revisions,
        )
        if position.model_copy(update={"batch": self._position.batch}) != self._position or rooms:
            await self._told.put_position(self._id, position)
            self._position = position


async def follow_for_ever(follower: Follower, retry_interval: float) -> None:
    """Runs the follower, again after failures. Raises NotOwner."""
    while True:
        try:
            await follower.run()
        except HubbubError as error:
            _log.info("changes are not followed, retrying", error=error.message)
        await asyncio.sleep(retry_interval)
