"""The bucket of revoked access tokens. The registry owns it, and signaling follows it."""

from __future__ import annotations

import asyncio
import math
import time

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyValue, View, retry_on_conflict
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.revocation import RevocationRecord
from hubbub_service import Tasks

from ..domain.revocation import key_of, lifted, merged

MAX_BYTES = 64 * 1024 * 1024
"""Of the bucket: more than 100,000 revocations."""
_KEPT_LONGER = 120
"""Seconds for which the store keeps a record after the last token has expired, so that clocks may differ."""
_RETRY_INTERVAL = 0.5
_log = structlog.get_logger(__name__)


class KvRevocationStore:
    """Implements `RevocationStore`.

    Each replica follows the bucket, and writes again what a lost bucket has lost.
    """

    def __init__(self, bus: Bus, replicas: int = 1) -> None:
        """`replicas` is the number of copies of the bucket in a NATS cluster."""
        self._kv = KeyValue(bus, Bucket(subjects.REVOCATIONS_BUCKET, replicas=replicas, max_bytes=MAX_BYTES))
        self._view = View(bus, self._kv, self._on_change, owns_bucket=True)
        self._restoring = Tasks()

    def start(self) -> None:
        """Starts following the bucket, and creates it when it does not exist."""
        self._view.start()

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()
        await self._restoring.close()

    async def add(self, record: RevocationRecord, now: float) -> RevocationRecord:
        """See `RevocationStore`."""
        key = key_of(record)

        async def attempt() -> RevocationRecord:
            entry = await self._kv.get(key)
            stored = None if entry is None else _parse(entry)
            wanted = merged(stored, record)
            if wanted != stored:
                ttl = max(0, math.ceil(wanted.expires_at / 1000 - now)) + _KEPT_LONGER
                await self._kv.update(key, wanted, last=0 if entry is None else entry.revision, ttl=ttl)
            return wanted

        return await retry_on_conflict(attempt)

    async def lift(self, ban: RevocationRecord, now: float) -> None:
        """See `RevocationStore`."""
        key = key_of(ban)

        async def attempt() -> None:
            entry = await self._kv.get(key)
            stored = None if entry is None else _parse(entry)
            wanted = None if stored is None else lifted(stored, round(now * 1000))
            if entry is not None and wanted is not None:
                await self._kv.update(key, wanted, last=entry.revision, ttl=_KEPT_LONGER)

        await retry_on_conflict(attempt)

    def _on_change(self, entry: Entry, before: Entry | None) -> None:
        lost = None if entry.value is not None or before is None else _parse(before)
        if lost is not None and lost.expires_at / 1000 > time.time():
            self._restoring.spawn(self._restore(lost), "restore-revocation")

    async def _restore(self, lost: RevocationRecord) -> None:
        _log.warning("a revocation was lost, writing it again", key=key_of(lost))
        while lost.expires_at / 1000 > time.time():
            try:
                await self._view.wait_healthy(None)
                await self.add(lost, time.time())
                return
            except HubbubError as error:
                _log.info("the revocation was not written yet", error=error.message)
                await asyncio.sleep(_RETRY_INTERVAL)


def _parse(entry: Entry) -> RevocationRecord | None:
    if entry.value is None:
        return None
    try:
        return RevocationRecord.model_validate_json(entry.value)
    except ValidationError:
        _log.warning("malformed revocation", key=entry.key)
        return None
