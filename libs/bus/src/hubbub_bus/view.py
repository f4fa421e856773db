"""A live copy of a bucket.

Rules
- It is complete before it is `healthy`; a reader of an unhealthy view may read what is old.
- Changes come in store order. `sequence` is that of the last change seen: a writer waits with `reached` until the view
  holds its write.
- When the watch breaks, it lists anew, and reports the differences as if they had been watched; until then the old
  content stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import cast

from hubbub_contracts import ErrorCode, HubbubError

from .bus import Bus
from .cancellation import cancel_and_wait
from .kv import BucketMissing, Entry, KeyValue
from .watch import Listed, watch

log = logging.getLogger(__name__)

BACKOFF = (0.05, 2.0)
"""Seconds before the first and the last repetition."""

Listener = Callable[[Entry, "Entry | None"], None]


class View:
    """Follows one bucket. `on_change(entry, before)` is called for each change; markers are entries without a value."""

    def __init__(self, bus: Bus, store: KeyValue, on_change: Listener | None = None) -> None:
        self._bus = bus
        self._store = store
        self._on_change = on_change
        self._entries: dict[str, Entry] = {}
        self._sequence = 0
        self._healthy = asyncio.Event()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tickets = itertools.count()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to follow, and to try again for ever when that fails."""
        self._task = asyncio.create_task(self._run(), name=f"view-{self._store.bucket.name}")

    async def stop(self) -> None:
        """Follows no more."""
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)
        self._healthy.clear()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What stands there, markers left out; read-only."""
        return MappingProxyType(self._entries)

    @property
    def sequence(self) -> int:
        """All changes up to here are in the view."""
        return self._sequence

    @property
    def healthy(self) -> bool:
        """Complete, and following."""
        return self._healthy.is_set()

    async def ready(self, timeout: float | None) -> None:
        """Returns once the view is healthy. Raises `unavailable` after `timeout` seconds; never when None."""
        try:
            await asyncio.wait_for(self._healthy.wait(), timeout)
        except TimeoutError as error:
            bucket = self._store.bucket.name
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the view of {bucket} is not complete", retryable=True) from error

    async def reached(self, sequence: int, timeout: float = 2.0) -> None:
        """Returns once the view holds the write of `sequence`. Raises `unavailable` after `timeout` seconds."""
        if self._sequence >= sequence:
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (sequence, next(self._tickets), future))
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError as error:
            bucket = self._store.bucket.name
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the view of {bucket} is behind", retryable=True) from error

    async def _run(self) -> None:
        delay = BACKOFF[0]
        while True:
            try:
                async with contextlib.aclosing(
                    cast("AsyncGenerator[Entry | Listed]", watch(self._bus, self._store))
                ) as items:
                    listing: dict[str, Entry] | None = {}
                    async for item in items:
                        if isinstance(item, Listed):
                            self._adopt(listing or {}, item.sequence)
                            listing, delay = None, BACKOFF[0]
                        elif listing is not None:
                            listing[item.key] = item
                        else:
                            self._apply(item)
            except BucketMissing as error:
                await self._remake(error)
            except HubbubError as error:
                log.info("%s: %s", self._store.bucket.name, error.message)
            except Exception:
                log.exception("the view of %s failed", self._store.bucket.name)
            finally:
                self._healthy.clear()
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311
            delay = min(delay * 2, BACKOFF[1])

    async def _remake(self, error: HubbubError) -> None:
        """A bucket that vanished is made again; one whose leader does not answer is left alone."""
        # On a new server there is no bucket yet; one that was there and is not any more is news.
        level = logging.WARNING if self._sequence else logging.INFO
        log.log(level, "%s", error.message)
        try:
            if await self._store.ensure():
                log.log(level, "the bucket %s was missing and was made anew", self._store.bucket.name)
        except HubbubError as failure:
            log.info("%s", failure.message)

    def _adopt(self, listing: dict[str, Entry], sequence: int) -> None:
        """Takes a complete list for the truth."""
        vanished = [key for key in self._entries if key not in listing]
        for key in vanished:
            self._apply(Entry(key, None, max(sequence, self._sequence)))
        for entry in sorted(listing.values(), key=lambda entry: entry.revision):
            before = self._entries.get(entry.key)
            if before is None or before.revision != entry.revision:
                self._apply(entry)
        self._advance(sequence)
        self._healthy.set()

    def _apply(self, entry: Entry) -> None:
        before = self._entries.get(entry.key)
        if entry.value is None:
            self._entries.pop(entry.key, None)
        else:
            self._entries[entry.key] = entry
        if self._on_change is not None and (before is not None or entry.value is not None):
            try:
                self._on_change(entry, before)
            except Exception:
                log.exception("a listener of the view of %s failed at %s", self._store.bucket.name, entry.key)
        self._advance(entry.revision)

    def _advance(self, sequence: int) -> None:
        self._sequence = max(self._sequence, sequence)
        while self._waiting and self._waiting[0][0] <= self._sequence:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
