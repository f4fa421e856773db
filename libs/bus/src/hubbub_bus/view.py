"""A replica of a bucket in memory, kept current by a watch.

Rules
- A view is healthy when it is complete and follows the changes. An unhealthy view still holds its last content, which
  may be outdated.
- Changes are applied in store order. `sequence` is that of the last one, so a writer can wait until the view contains
  its write.
- A store can come back without its last writes (a power cut, a restored backup) or empty. The owner of the bucket then
  replaces it by an empty one, so that no sequence occurs twice; signaling writes its records again. An owner that
  started after the loss learns of it from others: see `View.confirm`.
- When the watch fails, the view lists the bucket again and applies the differences as changes. Until then it keeps its
  content.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import cast

import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_service import cancel_and_wait, report_failure

from .bus import Bus
from .kv import BucketMissing, BucketState, Entry, KeyValue
from .watch import ListingComplete, watch

_log = structlog.get_logger(__name__)

BACKOFF = (0.05, 2.0)
"""Seconds before the first and the last retry."""

CONFIRM_TIMEOUT = 1.0
NEW_BUCKET_AGE = 60.0
"""Seconds after its creation in which a bucket that others do not know counts as the successor of a lost one."""
REBUILD_TIME = 10.0
"""Seconds after the creation of a replacement bucket in which its content may be incomplete."""
APPLIED_AT_ONCE = 256
"""Entries of a listing that are applied before other tasks may run."""

Listener = Callable[[Entry, "Entry | None"], None]
"""Called with the new and the previous entry."""


class View:
    """Follows one bucket."""

    def __init__(
        self, bus: Bus, store: KeyValue, on_change: Listener | None = None, *, owns_bucket: bool = False
    ) -> None:
        """Does nothing before `start`.

        Arguments:
            on_change: called for each change; the new entry of a removed key is its tombstone.
            owns_bucket: creates the bucket, and corrects its configuration at the start.
        """
        self._bus = bus
        self._store = store
        self._on_change = on_change
        self._owns_bucket = owns_bucket
        self._configured = False
        self._state: BucketState | None = None
        self._created_at = 0.0
        self._log = _log.bind(bucket=store.bucket.name)
        self._entries: dict[str, Entry] = {}
        self._sequence = 0
        self._healthy = asyncio.Event()
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tie_breaker = itertools.count()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts following, and retries for ever when that fails."""
        self._task = asyncio.create_task(self._run(), name=f"view-{self._store.bucket.name}")

    async def stop(self) -> None:
        """Stops following. The content stays, but is unhealthy."""
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)
        self._healthy.clear()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The current entries by key, without tombstones; read-only."""
        return MappingProxyType(self._entries)

    @property
    def sequence(self) -> int:
        """The stream sequence up to which the view is complete."""
        return self._sequence

    @property
    def healthy(self) -> bool:
        """The view is complete and follows the changes."""
        return self._healthy.is_set()

    @property
    def identity(self) -> str | None:
        """The bucket's identity; None before it was first listed."""
        return None if self._state is None else self._state.identity

    @property
    def rebuilding(self) -> bool:
        """The bucket replaces a lost one so recently that records may not have been written again yet."""
        return self._state is not None and self._state.rebuilt and time.monotonic() - self._created_at < REBUILD_TIME

    async def wait_healthy(self, timeout: float | None) -> None:
        """Waits until the view is healthy. Raises `unavailable` after `timeout` seconds; None waits for ever."""
        try:
            await asyncio.wait_for(self._healthy.wait(), timeout)
        except TimeoutError as error:
            bucket = self._store.bucket.name
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the view of {bucket} is not complete", retryable=True) from error

    async def catch_up(self, timeout: float) -> None:
        """Returns once the view contains every write stored before. Raises `unavailable`.

        `timeout`: seconds that the view may take to become healthy.
        """
        await self.wait_healthy(timeout)
        await self.wait_for(await self._store.last_sequence())

    async def confirm(self, identity: str | None, sequence: int) -> None:
        """Compares the bucket with what another process has seen of it. Replaces one that was lost or rolled back.

        Arguments:
            identity: of the bucket that the other process knows; None when it knows none.
            sequence: the highest one that it has seen there.

        Raises `unavailable` unless this is that bucket and contains everything up to `sequence`.
        """
        await self.wait_healthy(CONFIRM_TIMEOUT)
        if self._state is None or self.rebuilding:
            raise self._unconfirmed()
        if identity not in (None, self._state.identity):
            if self._replaces_lost_bucket(self._state):
                await self._replace(self._state.identity)
            raise self._unconfirmed()
        if sequence > self._sequence:
            state = await self._store.state()
            if state.identity != self._state.identity or state.last_sequence < sequence:
                await self._replace(self._state.identity, known_sequence=sequence)
                raise self._unconfirmed()

    def _unconfirmed(self) -> HubbubError:
        bucket = self._store.bucket.name
        return HubbubError(ErrorCode.UNAVAILABLE, f"the store {bucket} was lost and is being rebuilt", retryable=True)

    async def wait_for(self, sequence: int, timeout: float = 2.0) -> None:
        """Waits until the view contains the write at `sequence`. Raises `unavailable` after `timeout` seconds."""
        if self._sequence >= sequence:
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (sequence, next(self._tie_breaker), future))
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError as error:
            bucket = self._store.bucket.name
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the view of {bucket} is behind", retryable=True) from error

    async def _run(self) -> None:
        delay = BACKOFF[0]
        while True:
            try:
                if self._owns_bucket and not self._configured:
                    await self._store.ensure(rebuilt=self._state is not None)
                    self._configured = True
                async with contextlib.aclosing(
                    cast("AsyncGenerator[Entry | ListingComplete]", watch(self._bus, self._store))
                ) as items:
                    listing: dict[str, Entry] | None = {}
                    async for item in items:
                        if isinstance(item, ListingComplete):
                            if await self._was_lost(item.state):
                                break
                            await self._apply_listing(listing or {}, item.sequence)
                            listing, delay = None, BACKOFF[0]
                        elif listing is not None:
                            listing[item.key] = item
                        else:
                            self._apply(item)
            except BucketMissing as error:
                self._report_missing(error)
                self._configured = False
            except HubbubError as error:
                self._log.info("the view is interrupted, retrying", error=error.message)
            except Exception as error:  # noqa: BLE001  a view retries for ever
                report_failure("the view failed, retrying", error, bucket=self._store.bucket.name)
            finally:
                self._healthy.clear()
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311
            delay = min(delay * 2, BACKOFF[1])

    async def _was_lost(self, state: BucketState) -> bool:
        """Remembers the state. Replaces a bucket that lacks what this view has seen, and returns True."""
        known, self._created_at = self._state, time.monotonic() - state.age
        if known is not None and self._owns_bucket:
            if known.identity == state.identity and state.last_sequence < self._sequence:
                await self._replace(state.identity, known_sequence=self._sequence)
                return True
            if known.identity != state.identity and self._replaces_lost_bucket(state):
                await self._replace(state.identity)
                return True
        if known is not None and known.identity != state.identity:
            self._log.warning("the bucket was created again", identity=state.identity)
        self._state = state
        return False

    def _replaces_lost_bucket(self, state: BucketState) -> bool:
        """A replica that does not know the former bucket has created this one, so the loss was not detected."""
        return not state.rebuilt and time.monotonic() - self._created_at < NEW_BUCKET_AGE

    async def _replace(self, identity: str, *, known_sequence: int | None = None) -> None:
        self._log.error("the store was lost or lacks its last writes", identity=identity, known=known_sequence)
        await self._store.rebuild(identity, known_sequence=known_sequence)

    def _report_missing(self, error: HubbubError) -> None:
        # On a new server the bucket is expected to be missing; later that is worth a warning.
        level = logging.WARNING if self._sequence else logging.INFO
        self._log.log(level, "the bucket does not answer", error=error.message)

    async def _apply_listing(self, listing: dict[str, Entry], sequence: int) -> None:
        """Applies the differences between the content and a complete listing. Lets other tasks run in between."""
        removed = [key for key in self._entries if key not in listing]
        for key in removed:
            self._apply(Entry(key, None, max(sequence, self._sequence)))
        for number, entry in enumerate(sorted(listing.values(), key=lambda entry: entry.revision), 1):
            before = self._entries.get(entry.key)
            if before is None or before.revision != entry.revision:
                self._apply(entry)
            if number % APPLIED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._advance(sequence)
        self._healthy.set()

    def _apply(self, entry: Entry) -> None:
        before = self._entries.get(entry.key)
        if entry.value is None:
            self._entries.pop(entry.key, None)
        else:
            # Without the headers, which are as large as a small record and of no use later.
            self._entries[entry.key] = Entry(entry.key, entry.value, entry.revision)
        if self._on_change is not None and (before is not None or entry.value is not None):
            try:
                self._on_change(entry, before)
            except Exception as error:  # noqa: BLE001  a listener's bug must not end the view
                report_failure("a listener of the view failed", error, key=entry.key)
        self._advance(entry.revision)

    def _advance(self, sequence: int) -> None:
        self._sequence = max(self._sequence, sequence)
        while self._waiters and self._waiters[0][0] <= self._sequence:
            _, _, future = heapq.heappop(self._waiters)
            if not future.done():
                future.set_result(None)
