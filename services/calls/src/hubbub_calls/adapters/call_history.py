"""The stream of calls that have ended."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from pydantic import ValidationError

from hubbub_bus import Archive, Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.call_records import CallRecord

_log = structlog.get_logger(__name__)

MAX_BYTES = 256 * 1024 * 1024
"""Of the stream, which then loses its oldest calls. About 150,000 calls between two users."""


class StreamCallHistory:
    """Implements `domain.ports.CallHistory`."""

    def __init__(self, bus: Bus, retention: float, replicas: int = 1) -> None:
        """`retention` is in seconds. `replicas` is the number of copies of the stream in a NATS cluster."""
        self._archive = Archive(
            bus,
            subjects.CALL_HISTORY_STREAM,
            subjects.CALL_HISTORY,
            retention=retention,
            max_bytes=MAX_BYTES,
            replicas=replicas,
        )

    async def ensure(self) -> None:
        """Creates the stream, or gives it this retention. Raises `unavailable`."""
        await self._archive.ensure()

    async def add(self, record: CallRecord) -> None:
        """See `CallHistory`."""
        for each in record.participants:
            await self._archive.put(subjects.call_history_key(each.user_id, record.call_id, record.tenant), record)

    async def find(self, call_id: str) -> CallRecord | None:
        """See `CallHistory`."""
        found = await self._archive.last(subjects.call_in_history(call_id))
        return None if found is None else _parse(found.value, found.key)

    async def of_user(self, tenant: str | None, user_id: str) -> AsyncIterator[tuple[int, CallRecord]]:
        """See `CallHistory`."""
        async for found in self._archive.read(subjects.user_history(user_id, tenant)):
            record = _parse(found.value, found.key)
            if record is not None:
                yield found.sequence, record


def _parse(value: bytes, key: str) -> CallRecord | None:
    try:
        return CallRecord.model_validate_json(value)
    except ValidationError as error:
        _log.error("malformed record in the history of calls", key=key, error=str(error))
        return None
