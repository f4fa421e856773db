"""Records that are kept for a limited time: one for each key, in the order of their writing.

Rules
- A record that is stored again replaces the former one of its key, so a retry stores nothing twice.
- Reads are direct gets (NATS ADR-31), which any replica answers. They may lag behind the latest writes.
- The owner creates the stream, and corrects its retention.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import api

from hubbub_contracts import Model
from hubbub_contracts.encoded import encode

from . import headers
from .bus import Bus
from .operation import operation_id, outgoing_headers
from .stream import FAILURES, Stream

READ_TIMEOUT = 2.0
"""Seconds for one page of a listing."""
PAGE = 256
"""Records of one page."""
_END_OF_BATCH = "204"
_NOT_FOUND = "404"


@dataclass(frozen=True, slots=True)
class ArchivedRecord:
    """One stored record."""

    key: str
    value: bytes
    sequence: int
    """Of the stream: later records have a higher one."""


class Archive:
    """One stream of records with a retention."""

    def __init__(
        self, bus: Bus, stream: str, prefix: str, *, retention: float, max_bytes: int, replicas: int = 1
    ) -> None:
        """Does nothing before `ensure`.

        Arguments:
            prefix: of the subjects; a record's subject is `<prefix>.<key>`.
            retention: seconds for which a record is kept.
            max_bytes: size of the stream, beyond which the oldest records are removed.
            replicas: copies in a NATS cluster.
        """
        self._prefix = prefix
        config = api.StreamConfig(
            name=stream,
            subjects=[f"{prefix}.>"],
            max_age=retention,
            max_bytes=max_bytes,
            max_msgs_per_subject=1,
            discard=api.DiscardPolicy.OLD,
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            allow_direct=True,
            deny_delete=True,
            duplicate_window=min(retention, 120.0),
        )
        self._stream = Stream(bus, config)

    async def ensure(self) -> None:
        """Creates the stream, or gives an existing one this retention. Raises `unavailable`."""
        await self._stream.ensure()

    async def put(self, key: str, record: Model) -> None:
        """Stores a record, and replaces the former one of this key. Raises `unavailable`; may then be repeated."""
        self._stream.connection.require_connected()
        try:
            await self._stream.js.publish(
                f"{self._prefix}.{key}",
                encode(record),
                headers=outgoing_headers(operation_id()),
            )
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def last(self, key_filter: str) -> ArchivedRecord | None:
        """Returns the latest record whose key matches `key_filter`, which may have wildcards. Raises `unavailable`."""
        self._stream.connection.require_connected()
        try:
            message = await self._stream.js.get_msg(self._stream.name, subject=f"{self._prefix}.{key_filter}")
        except nats.js.errors.NotFoundError:
            return None
        except FAILURES as error:
            raise self._stream.failed(error) from error
        return self._record(message.subject or "", message.data or b"", message.seq or 0)

    async def read(self, key_filter: str) -> AsyncIterator[ArchivedRecord]:
        """Yields the records whose keys match, the oldest first. Raises `unavailable`."""
        sequence = 1
        while True:
            page = await self._page(f"{self._prefix}.{key_filter}", sequence)
            for record in page:
                yield record
            if len(page) < PAGE:
                return
            sequence = page[-1].sequence + 1

    async def _page(self, subject: str, sequence: int) -> list[ArchivedRecord]:
        self._stream.connection.require_connected()
        client = self._stream.connection.client
        arrived: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox, cb=arrived.put)
        request: dict[str, Any] = {"seq": sequence, "next_by_subj": subject, "batch": PAGE}
        page: list[ArchivedRecord] = []
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                await client.publish(
                    f"$JS.API.DIRECT.GET.{self._stream.name}", json.dumps(request).encode(), reply=inbox
                )
                while True:
                    message = await arrived.get()
                    received = message.headers or {}
                    status = received.get(headers.STATUS)
                    if status in (_END_OF_BATCH, _NOT_FOUND):
                        return page
                    if status is not None:
                        raise self._stream.failed(received.get(headers.DESCRIPTION, status))
                    position = int(received[headers.SEQUENCE])
                    page.append(self._record(received[headers.SUBJECT], message.data, position))
        except FAILURES as error:
            raise self._stream.failed(error) from error
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    def _record(self, subject: str, value: bytes, sequence: int) -> ArchivedRecord:
        return ArchivedRecord(subject.removeprefix(f"{self._prefix}."), value, sequence)
