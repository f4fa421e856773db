"""The stored changes of rooms, calls and recordings: their log, and listings of their buckets."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, BucketMissing, Bus, ChangeLog, Entry, KeyValue, LoggedChange, list_bucket
from hubbub_contracts import subjects

from ..domain.ports import Listing, Logged
from ..domain.retries import GIVE_UP_AFTER
from ..domain.rfc3339 import now_text
from ..domain.stored_change import StoredChange, parse_change

MAX_BYTES = 64 * 1024 * 1024
"""Of the log. It is nearly empty while an instance works it off."""
BATCH = 256
"""Changes that are worked off at once."""

_log = structlog.get_logger(__name__)


def change_log(bus: Bus, replicas: int = 1) -> ChangeLog:
    """The log. `replicas` is the number of its copies in a NATS cluster."""
    return ChangeLog(
        bus,
        subjects.CHANGES_STREAM,
        subjects.CHANGES,
        max_age=GIVE_UP_AFTER,
        max_bytes=MAX_BYTES,
        replicas=replicas,
    )


class StoredChanges:
    """Implements `domain.ports.Changes`."""

    def __init__(self, bus: Bus, log: ChangeLog) -> None:
        self._bus = bus
        self._log = log

    async def prepare(self) -> None:
        """See `Changes`."""
        await self._log.ensure()

    async def read(self, position: int) -> AsyncIterator[list[Logged]]:
        """See `Changes`."""
        batches = cast("AsyncGenerator[list[LoggedChange]]", self._log.read(position, BATCH))
        async with contextlib.aclosing(batches):
            async for batch in batches:
                yield [
                    Logged(
                        each.bucket,
                        each.entry.revision,
                        _parse(each.bucket, each.entry),
                        each.written_at or now_text(),
                        each.position,
                    )
                    for each in batch
                ]

    async def list(self, bucket: str) -> Listing:
        """See `Changes`."""
        try:
            entries, complete = await list_bucket(self._bus, KeyValue(self._bus, Bucket(bucket)))
        except BucketMissing as error:
            if not error.absent or bucket == subjects.ROOMS_BUCKET:
                raise
            return Listing([], 0)  # an installation without calls, or without recordings
        parsed = ((entry.revision, _parse(bucket, entry)) for entry in entries if entry.value is not None)
        return Listing([(revision, change) for revision, change in parsed if change is not None], complete.sequence)

    async def last_revision(self, bucket: str) -> int:
        """See `Changes`."""
        try:
            return await KeyValue(self._bus, Bucket(bucket)).last_sequence()
        except BucketMissing as error:
            if not error.absent:
                raise
            return 0

    async def trim(self, position: int) -> None:
        """See `Changes`."""
        await self._log.trim(position)


def _parse(bucket: str, entry: Entry) -> StoredChange | None:
    try:
        return parse_change(bucket, entry.key, entry.value, entry.reason)
    except ValidationError as error:
        _log.error("malformed record: nothing is told of it", bucket=bucket, key=entry.key, error=str(error))
        return None
