"""Leases: a key that its holder renews, and whose loss means that the holder may be dead.

Rules
- The newest holder wins: acquiring a lease takes it from any other holder. The epoch is the stream sequence of that
  write, and identifies the incarnation of the holder.
- A lease lives for TTL seconds after its last renewal. A renewal is a compare-and-set; it fails when another value is
  stored, and then the lease is lost.
- A lease is lost in two ways. *Lapsed*: it could not be renewed for TTL seconds of the local clock. It is regained with
  the same epoch when the store answers again and nobody else holds it. *Fenced*: a fence or another holder's lease is
  stored. That incarnation is over; only `acquire` starts a new one.
- A fence lives much longer than a lease, so that a process that was stopped for minutes still finds it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Literal

import structlog
from pydantic import ValidationError

from hubbub_contracts import HubbubError, ids, subjects
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_service import Tasks, cancel_and_wait, report_failure

from .bus import Bus
from .kv import Bucket, Entry, KeyConflict, KeyValue, WriteUnknown
from .operation import unix_ms

_log = structlog.get_logger(__name__)

TTL = 10
"""Seconds for which a lease lives without a renewal."""
RENEW_INTERVAL = 2.0
FRESH_FOR = 5.0
"""Seconds after a renewal in which a holder counts on the store: two renewals may fail."""
FENCE_TTL = 3600
"""Seconds for which a fence lives."""
RETRY_INTERVAL = 0.5
"""Seconds after a failure: when the store is back, a holder must not wait until its lease has lapsed."""

LeaseLoss = Literal["lapsed", "fenced"]


def lease_bucket(bus: Bus, replicas: int = 1) -> KeyValue:
    """Returns the bucket of all leases. `replicas` is the number of its copies in a NATS cluster."""
    return KeyValue(bus, Bucket(subjects.LEASES_BUCKET, replicas=replicas))


def parse_lease(entry: Entry) -> LeaseRecord | None:
    """Returns the lease at a key, with its epoch; None for a tombstone or a malformed value."""
    if entry.value is None:
        return None
    try:
        record = LeaseRecord.model_validate_json(entry.value)
    except ValidationError:
        _log.warning("malformed lease", key=entry.key)
        return None
    return record if record.epoch is not None else record.model_copy(update={"epoch": entry.revision})


class Lease:
    """One lease of this process."""

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
        """Does nothing before `acquire`.

        Arguments:
            key: from `subjects.node_lease` or `subjects.signaling_lease`.
            holder: the name of the node or instance.
            data: of the holder, stored in the lease.
            on_lost: called when the lease lapses or is fenced.
            on_regained: called when a lapsed lease is held again.
            ttl: seconds for which the lease lives without a renewal.
            renew_interval: seconds between two renewals.
        """
        self._bus = bus
        self._store = lease_bucket(bus)
        self._key = key
        self._holder = holder
        self._data = data or {}
        self._on_lost = on_lost
        self._on_regained = on_regained
        self._ttl = ttl
        self._interval = renew_interval
        self._log = _log.bind(lease=key)
        self._instance = ids.mint()
        self._epoch: int | None = None
        self._revision = 0
        self._renewed_at = 0.0
        self._lapsed = False
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> int:
        """The epoch of this incarnation. Raises RuntimeError before the first `acquire`."""
        if self._epoch is None:
            raise RuntimeError("the lease was never acquired")
        return self._epoch

    @property
    def held(self) -> bool:
        """The lease is held, by the local clock: a process that was stopped too long gets False at once."""
        return self._task is not None and not self._lapsed and time.monotonic() - self._renewed_at < self._ttl

    @property
    def is_fresh(self) -> bool:
        """The store has recently acknowledged a write of this lease, so it accepts writes."""
        return self._task is not None and time.monotonic() - self._renewed_at < FRESH_FOR

    async def acquire(self) -> int:
        """Takes the lease from any holder, starts renewing it, and returns the new epoch.

        Retries until the store answers; the caller sets a timeout where it needs one.
        """
        await self._stop_renewing()
        self._instance = ids.mint()
        while True:
            try:
                await self._try_acquire()
                break
            except KeyConflict:
                continue
            except HubbubError as error:
                # The registry creates the bucket: a holder that starts first waits for it.
                self._log.warning("lease not acquired yet, retrying", error=error.message)
                await asyncio.sleep(RETRY_INTERVAL)
        self._lapsed = False
        self._task = self._tasks.spawn(self._renew_periodically(), f"lease-{self._key}")
        return self.epoch

    async def release(self) -> None:
        """Removes the lease, so that others need not wait until it expires. Logs a failure."""
        held = self._task is not None
        await self._stop_renewing()
        if not held:
            return
        try:
            await self._store.purge(self._key, last=self._revision, reason="released")
        except (KeyConflict, HubbubError) as error:
            self._log.info("lease not released", error=str(error))

    async def _try_acquire(self) -> None:
        current = await self._store.get(self._key)
        if current is not None and (own := self._parse_own(current)) is not None:
            # An earlier attempt was stored, and its acknowledgement was lost.
            self._epoch, self._revision, self._renewed_at = own.epoch, current.revision, time.monotonic()
            return
        asked_at = time.monotonic()
        record = self._record()
        last = 0 if current is None else current.revision
        self._revision = await self._store.update(self._key, record, last=last, ttl=self._ttl)
        self._epoch, self._renewed_at = self._revision, asked_at

    def _record(self, epoch: int | None = None) -> LeaseRecord:
        return LeaseRecord(
            holder=self._holder,
            instance=self._instance,
            epoch=epoch,
            written_at=unix_ms(),
            cluster=self._bus.cluster,
            data=self._data,
        )

    def _parse_own(self, entry: Entry) -> LeaseRecord | None:
        """Returns the lease if this acquisition wrote it and nobody fenced it."""
        record = parse_lease(entry)
        return record if record is not None and record.instance == self._instance and not record.fenced else None

    def _may_replace(self, entry: Entry) -> bool:
        """Whether the entry is this acquisition's lease, or older than it."""
        record = parse_lease(entry)
        older = record is not None and record.epoch is not None and record.epoch < self.epoch
        return older or self._parse_own(entry) is not None

    async def _renew_periodically(self) -> None:
        delay = self._interval
        while True:
            await asyncio.sleep(delay)
            try:
                renewed = await self._renew()
            except Exception as error:  # noqa: BLE001  a holder that stops renewing would wait for its loss for ever
                if isinstance(error, HubbubError):
                    level = logging.WARNING if delay == self._interval else logging.DEBUG
                    self._log.log(level, "lease not renewed, retrying", error=error.message)
                else:
                    report_failure("lease not renewed, retrying", error, lease=self._key)
                if not self._lapsed and time.monotonic() - self._renewed_at >= self._ttl:
                    self._lapsed = True
                    self._report_loss("lapsed")
                delay = min(self._interval, RETRY_INTERVAL)
                continue
            delay = self._interval
            if not renewed:
                self._task = None
                self._report_loss("fenced")
                return

    async def _renew(self) -> bool:
        """Returns False when a fence or another holder's lease is stored. Raises HubbubError."""
        record = self._record(self._epoch)
        asked_at = time.monotonic()
        try:
            self._revision = await self._store.update(self._key, record, last=self._revision, ttl=self._ttl)
        except KeyConflict:
            current = await self._store.get(self._key)
            if current is not None and current.value is not None and not self._may_replace(current):
                return False
            # An own write whose acknowledgement was lost, or nothing because the lease expired, or a store that lost
            # its last writes and has the lease of a former incarnation again.
            self._revision = 0 if current is None else current.revision
            try:
                self._revision = await self._store.update(self._key, record, last=self._revision, ttl=self._ttl)
            except KeyConflict as error:
                raise WriteUnknown(self._key) from error  # a concurrent write: the next renewal finds out whose
        self._renewed_at = asked_at
        if self._lapsed:
            self._lapsed = False
            self._log.info("lease regained")
            if self._on_regained is not None:
                self._on_regained()
        return True

    def _report_loss(self, loss: LeaseLoss) -> None:
        self._log.warning("lease lost", loss=loss)
        if self._on_lost is not None:
            self._on_lost(loss)

    async def _stop_renewing(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)


async def fence(store: KeyValue, key: str, epoch: int) -> bool:
    """Ends the incarnation `epoch` of the lease at `key`, so that its holder cannot renew it.

    Returns True when this call wrote the fence, and False when it was fenced before, when a newer incarnation holds the
    lease, or when the holder renewed it meanwhile. Raises HubbubError.
    """
    current = await store.get(key)
    record = None if current is None else parse_lease(current)
    if record is not None and (record.fenced or (record.epoch or 0) > epoch):
        return False
    fenced = LeaseRecord(
        holder=key.partition(".")[2] if record is None else record.holder,
        instance=ids.mint() if record is None else record.instance,
        epoch=epoch,
        fenced=True,
    )
    try:
        await store.update(key, fenced, last=0 if current is None else current.revision, ttl=FENCE_TTL)
    except KeyConflict:
        return False  # the holder renewed it, so it is alive, or another replica was faster
    return True
