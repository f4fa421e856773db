"""The stored changes of buckets, kept until they are worked off.

A bucket keeps the last value of each key, and a subscriber sees only what is stored while it listens. The log is a
stream that has every change, with the sequence that it has in its bucket. Each instance of a service captures the
changes that JetStream republishes; the log stores each of them once.

JetStream cannot capture them itself: a stream on the republished subjects refuses every change that was written by
compare-and-set, because it compares the expected sequence in the header with its own.

Rules
- A reader knows its position. It reads on from there, also in another process, and trims the log when it is done.
- Changes of one bucket may be out of order by as much as two instances differ, or be missing: while no instance
  listened, or when the log was full. The sequences show it, and the reader lists the bucket instead.
- Positions of a new log begin at the Unix time in microseconds, so that none occurs twice when the log was lost.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from nats.js import api

from . import headers
from .bus import Bus
from .kv import Entry, parse_entry
from .pull import Pulled, Puller
from .stream import FAILURES, Stream

DUPLICATE_WINDOW = 120.0
"""Seconds within which all instances must have captured a change."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """A change of a bucket."""

    bucket: str
    entry: Entry
    written_at: str | None
    """The time of the write, in RFC 3339; None when it is not known."""
    position: int
    """In the log."""


class ChangeLog:
    """One log of the changes of several buckets."""

    def __init__(
        self, bus: Bus, stream: str, prefix: str, *, max_age: float, max_bytes: int, replicas: int = 1
    ) -> None:
        """Does nothing before `ensure`.

        Arguments:
            prefix: of the subjects; the subject of a change is `<prefix>.<bucket>.<key>`.
            max_age: seconds for which a change is kept at most.
            max_bytes: size of the stream, beyond which the oldest changes are removed.
            replicas: copies in a NATS cluster.
        """
        self._bus = bus
        self._prefix = prefix
        config = api.StreamConfig(
            name=stream,
            subjects=[f"{prefix}.>"],
            max_age=max_age,
            max_bytes=max_bytes,
            discard=api.DiscardPolicy.OLD,
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            duplicate_window=min(max_age, DUPLICATE_WINDOW),
        )
        self._stream = Stream(bus, config)

    async def ensure(self) -> None:
        """Creates the stream, or gives an existing one these bounds. Raises `unavailable`."""
        await self._stream.ensure(first_sequence=time.time_ns() // 1_000)

    async def append(self, bucket: str, entry: Entry) -> None:
        """Stores a change, unless another instance has. Raises `unavailable`; may then be repeated."""
        self._stream.connection.require_connected()
        kept = (headers.REASON, headers.KV_OPERATION, headers.OPERATION)
        message_headers = {name: entry.headers[name] for name in kept if name in entry.headers}
        if entry.value is None:
            message_headers.setdefault(headers.KV_OPERATION, "PURGE")  # the marker of an expired key
        if headers.REPUBLISHED_AT in entry.headers:
            message_headers[headers.WRITTEN_AT] = entry.headers[headers.REPUBLISHED_AT]
        message_headers[headers.REVISION] = str(entry.revision)
        message_headers[headers.MESSAGE_ID] = f"{bucket}.{entry.revision}"
        try:
            await self._stream.js.publish(
                f"{self._prefix}.{bucket}.{entry.key}", entry.value or b"", headers=message_headers
            )
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def trim(self, position: int) -> None:
        """Removes the changes up to this position. Raises `unavailable`."""
        self._stream.connection.require_connected()
        try:
            await self._stream.js.purge_stream(self._stream.name, seq=position + 1)
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def fill_level(self) -> float:
        """The share of the bound that is used, from 0 to 1. Raises `unavailable`."""
        return await self._stream.fill_level()

    async def read(self, position: int, batch: int) -> AsyncIterator[list[LoggedChange]]:
        """Yields the changes behind this position, in the order of the log, for ever, up to `batch` at a time.

        Raises HubbubError when changes may be missing; the caller then reads on behind the last one that it has got.
        """
        puller = Puller(
            self._bus,
            self._stream.name,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=position + 1,
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(puller)
            except FAILURES as error:
                raise self._stream.failed(error) from error
            changes: list[LoggedChange] = []
            while True:
                pulled = await puller.next()
                change = self._parse(pulled)
                if change is not None:
                    changes.append(change)
                if changes and (pulled.pending == 0 or len(changes) >= batch):
                    yield changes
                    changes = []

    def _parse(self, pulled: Pulled) -> LoggedChange | None:
        """None for a message that no version has appended."""
        received = pulled.message.headers or {}
        bucket, _, key = pulled.message.subject.removeprefix(f"{self._prefix}.").partition(".")
        revision = received.get(headers.REVISION, "")
        if not revision.isdecimal():
            _log.error("a message in the change log is no change", subject=pulled.message.subject)
            return None
        entry = parse_entry(key, pulled.message.data, int(revision), received)
        return LoggedChange(bucket, entry, received.get(headers.WRITTEN_AT), pulled.sequence)
