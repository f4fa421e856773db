"""Leases: one process is what it says it is, in one life (its epoch), for as long as it renews.

Rules
- The newest wins: acquiring takes the key from whoever has it. The epoch is the sequence of that write.
- A lease lives TTL seconds from its last renewal, which is a compare-and-set; where another value stands, it is lost.
- Two ways to lose it. *Lapsed*: it could not be renewed for TTL seconds by the local clock; it is taken up again with
  the same epoch when the store answers and nobody else stands there. *Fenced*: a fence or another holder stands there;
  that life is over, and only `acquire` begins a new one.
- A fence outlives the lease by far, so that a process that was stopped for minutes finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Literal

from pydantic import ValidationError

from hubbub_contracts import HubbubError, ids, subjects
from hubbub_contracts.bus.lease import LeaseRecord

from .bus import Bus
from .cancellation import cancel_and_wait
from .kv import Bucket, BucketMissing, Entry, KeyConflict, KeyValue, WriteUnknown

log = logging.getLogger(__name__)

TTL = 10
"""Seconds that a lease lives without being renewed."""
RENEW_INTERVAL = 2.0
FENCE_TTL = 3600
"""Seconds that a fence stands."""
ACQUIRE_PAUSE = 0.5

LeaseLoss = Literal["lapsed", "fenced"]


def lease_bucket(bus: Bus, replicas: int = 1) -> KeyValue:
    """The bucket of all leases."""
    return KeyValue(bus, Bucket(subjects.LEASES_BUCKET, replicas=replicas))


def parse_lease(entry: Entry) -> LeaseRecord | None:
    """The lease that stands at a key, its epoch filled in; None for a marker or what is no lease."""
    if entry.value is None:
        return None
    try:
        record = LeaseRecord.model_validate_json(entry.value)
    except ValidationError:
        log.warning("%s holds something that is no lease", entry.key)
        return None
    return record if record.epoch is not None else record.model_copy(update={"epoch": entry.revision})


class Lease:
    """One lease of this process. `key` is of `subjects.node_lease` or `subjects.signaling_lease`."""

    def __init__(
        self,
        bus: Bus,
        key: str,
        holder: str,
        *,
        data: dict[str, Any] | None = None,
        on_lost: Callable[[LeaseLoss], None] | None = None,
        on_regained: Callable[[], None] | None = None,
        ttl: int = TTL,
        renew_interval: float = RENEW_INTERVAL,
    ) -> None:
        self._store = lease_bucket(bus)
        self._key = key
        self._holder = holder
        self._data = data or {}
        self._on_lost = on_lost
        self._on_regained = on_regained
        self._ttl = ttl
        self._interval = renew_interval
        self._instance = ids.mint()
        self._epoch: int | None = None
        self._revision = 0
        self._renewed_at = 0.0
        self._lapsed = False
        self._task: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> int:
        """Of this life. Raises RuntimeError before the first `acquire`."""
        if self._epoch is None:
            raise RuntimeError("the lease was never acquired")
        return self._epoch

    @property
    def held(self) -> bool:
        """Ours now, by our own clock: also true knowledge for a process that was just woken from a long stop."""
        return self._task is not None and not self._lapsed and time.monotonic() - self._renewed_at < self._ttl

    async def acquire(self) -> int:
        """Takes the lease, from whoever has it, and keeps renewing it; the epoch of the new life.

        It tries until the store answers: bound it with a timeout where that matters.
        """
        await self._stop_renewing()
        self._instance = ids.mint()
        while True:
            try:
                await self._take()
                break
            except KeyConflict:
                continue
            except HubbubError as error:
                log.warning("the lease %s is not acquired yet: %s", self._key, error.message)
                if isinstance(error, BucketMissing):
                    await self._make_bucket()
                await asyncio.sleep(ACQUIRE_PAUSE)
        self._lapsed = False
        self._task = asyncio.create_task(self._keep(), name=f"lease-{self._key}")
        return self.epoch

    async def release(self) -> None:
        """Gives the lease back at once; others need not wait for it to lapse."""
        held = self._task is not None
        await self._stop_renewing()
        if not held:
            return
        try:
            await self._store.purge(self._key, last=self._revision, reason="released")
        except (KeyConflict, HubbubError) as error:
            log.info("the lease %s was not released: %s", self._key, error)

    async def _take(self) -> None:
        standing = await self._store.get(self._key)
        if standing is not None and (ours := self._as_ours(standing)) is not None:
            # An earlier try was stored, though its acknowledgement was lost.
            self._epoch, self._revision, self._renewed_at = ours.epoch, standing.revision, time.monotonic()
            return
        asked = time.monotonic()
        record = LeaseRecord(holder=self._holder, instance=self._instance, data=self._data)
        last = 0 if standing is None else standing.revision
        self._revision = await self._store.update(self._key, record, last=last, ttl=self._ttl)
        self._epoch, self._renewed_at = self._revision, asked

    async def _make_bucket(self) -> None:
        with contextlib.suppress(HubbubError):
            await self._store.ensure()

    def _as_ours(self, entry: Entry) -> LeaseRecord | None:
        record = parse_lease(entry)
        return record if record is not None and record.instance == self._instance and not record.fenced else None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                kept = await self._renew()
            except HubbubError as error:
                log.warning("the lease %s is not renewed: %s", self._key, error.message)
                if not self._lapsed and time.monotonic() - self._renewed_at >= self._ttl:
                    self._lapsed = True
                    self._lost("lapsed")
                continue
            if not kept:
                self._task = None
                self._lost("fenced")
                return

    async def _renew(self) -> bool:
        """False when the lease is somebody else's. Raises HubbubError when the store does not answer."""
        record = LeaseRecord(holder=self._holder, instance=self._instance, epoch=self._epoch, data=self._data)
        asked = time.monotonic()
        try:
            self._revision = await self._store.update(self._key, record, last=self._revision, ttl=self._ttl)
        except KeyConflict:
            standing = await self._store.get(self._key)
            if standing is not None and standing.value is not None and self._as_ours(standing) is None:
                return False
            # Our own write whose acknowledgement was lost, or nothing: the lease lapsed, or the store lost it.
            self._revision = 0 if standing is None else standing.revision
            try:
                self._revision = await self._store.update(self._key, record, last=self._revision, ttl=self._ttl)
            except KeyConflict as error:
                raise WriteUnknown(self._key) from error  # somebody writes at this moment: look again next time
        self._renewed_at = asked
        if self._lapsed:
            self._lapsed = False
            log.info("the lease %s is ours again", self._key)
            if self._on_regained is not None:
                self._on_regained()
        return True

    def _lost(self, how: LeaseLoss) -> None:
        log.warning("the lease %s is lost: %s", self._key, how)
        if self._on_lost is not None:
            self._on_lost(how)

    async def _stop_renewing(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)


async def fence(store: KeyValue, key: str, epoch: int) -> bool:
    """Ends the life `epoch` of the lease at `key`. True when this call did it. Raises HubbubError.

    False when it was ended already, or a newer life holds the lease.
    """
    standing = await store.get(key)
    record = None if standing is None else parse_lease(standing)
    if record is not None and (record.fenced or (record.epoch or 0) > epoch):
        return False
    fenced = LeaseRecord(
        holder=key.partition(".")[2] if record is None else record.holder,
        instance=ids.mint() if record is None else record.instance,
        epoch=epoch,
        fenced=True,
    )
    try:
        await store.update(key, fenced, last=0 if standing is None else standing.revision, ttl=FENCE_TTL)
    except KeyConflict:
        # A renewal came between: the holder lives after all, or another replica was quicker.
        return False
    return True
