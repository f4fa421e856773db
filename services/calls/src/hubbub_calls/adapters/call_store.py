"""The bucket of live calls: a view of it, and compare-and-set writes."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyValue, View
from hubbub_contracts import subjects
from hubbub_contracts.bus.call_records import CallRecord

from ..domain.live_calls import LiveCalls, StoredCall

_log = structlog.get_logger(__name__)

READY_TIMEOUT = 1.0
MAX_BYTES = 64 * 1024 * 1024
"""Of the bucket. A call between two users has 1 KB, and one of 100 participants 20 KB, without its `appData`."""


def calls_bucket(replicas: int = 1) -> Bucket:
    """The configuration of the bucket. `replicas` is the number of its copies in a NATS cluster."""
    return Bucket(
        subjects.CALLS_BUCKET,
        subjects.CALLS_REPUBLISH_SOURCE,
        subjects.CALLS_REPUBLISH_DESTINATION,
        replicas,
        MAX_BYTES,
    )


class KvCallStore:
    """Implements `domain.ports.CallStore`."""

    def __init__(self, bus: Bus, on_change: Callable[[LiveCalls, str], None], replicas: int = 1) -> None:
        """`on_change` is called with all calls and the key of the one that was written or removed."""
        self._kv = KeyValue(bus, calls_bucket(replicas))
        self._view = View(bus, self._kv, self._apply, owns_bucket=True)
        self._on_change = on_change
        self._calls = LiveCalls()

    @property
    def calls(self) -> LiveCalls:
        """See `CallStore`."""
        return self._calls

    @property
    def healthy(self) -> bool:
        """The view is complete and current."""
        return self._view.healthy

    def start(self) -> None:
        """Starts following the bucket, and creates it when it does not exist."""
        self._view.start()

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()

    async def complete(self) -> None:
        """Waits without a limit until all calls are known."""
        await self._view.wait_healthy(None)

    async def refresh(self) -> None:
        """See `CallStore`."""
        await self._view.catch_up(READY_TIMEOUT)

    async def find(self, key: str) -> tuple[StoredCall | None, int]:
        """See `CallStore`."""
        entry = await self._kv.get(key)
        if entry is None:
            return None, 0
        return _parse(entry), entry.revision

    async def put(self, key: str, record: CallRecord, last: int) -> int:
        """See `CallStore`."""
        return await self._kv.update(key, record, last=last)

    async def remove(self, key: str, last: int) -> None:
        """See `CallStore`."""
        await self._kv.purge(key, last=last)

    def _apply(self, entry: Entry, _before: Entry | None) -> None:
        call = _parse(entry)
        if call is None:
            self._calls.remove(entry.key)
        else:
            self._calls.put(call)
        self._on_change(self._calls, entry.key)


def _parse(entry: Entry) -> StoredCall | None:
    """None for a tombstone, and for a value that no version wrote."""
    if entry.value is None:
        return None
    try:
        return StoredCall(entry.key, CallRecord.model_validate_json(entry.value), entry.revision)
    except ValidationError as error:
        _log.error("malformed record in the bucket of calls", key=entry.key, error=str(error))
        return None
