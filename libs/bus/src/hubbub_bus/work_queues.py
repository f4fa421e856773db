"""Messages that wait to be worked off: a stream with one queue per key.

The first message of a queue is the next one to work off. It is removed when that is done, so what is in the stream is
what is left to do, and a process that takes over needs no other state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import nats.js.errors
from nats.js import api

from hubbub_contracts import Model
from hubbub_contracts.encoded import encode

from . import headers
from .bus import Bus
from .operation import operation_id, outgoing_headers
from .stream import FAILURES, Stream

DUPLICATE_WINDOW = 120.0
"""Seconds in which a message that is appended again is stored once."""

_NO_MESSAGE = 10057
"""JetStream's error code for a deleted or unknown sequence."""


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message of a queue."""

    key: str
    value: bytes
    sequence: int
    stored_at: float
    """Unix seconds."""


class WorkQueues:
    """One stream of queues."""

    def __init__(
        self, bus: Bus, stream: str, prefix: str, *, max_age: float, max_bytes: int, replicas: int = 1
    ) -> None:
        """Does nothing before `ensure`.

        Arguments:
            prefix: of the subjects; the subject of a queue is `<prefix>.<key>`.
            max_age: seconds for which a message is kept at most.
            max_bytes: size of the stream, beyond which the oldest messages are removed.
            replicas: copies in a NATS cluster.
        """
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
        await self._stream.ensure()

    async def append(self, key: str, message_id: str, message: Model) -> None:
        """Appends a message to a queue. One with an id that was appended lately is not stored again.

        Raises `unavailable`; may then be repeated.
        """
        self._stream.connection.require_connected()
        try:
            await self._stream.js.publish(
                f"{self._prefix}.{key}",
                encode(message),
                headers=outgoing_headers(operation_id()) | {headers.MESSAGE_ID: message_id},
            )
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def first(self, key: str, after: int = 0) -> WaitingMessage | None:
        """Returns the first message of a queue behind the sequence `after`. `key` may have wildcards.

        Raises `unavailable`.
        """
        self._stream.connection.require_connected()
        try:
            found = await self._stream.js.get_msg(
                self._stream.name, seq=after + 1, subject=f"{self._prefix}.{key}", next=True
            )
        except nats.js.errors.NotFoundError:
            return None
        except FAILURES as error:
            raise self._stream.failed(error) from error
        stored_at = found.time or datetime.now(UTC)
        own_key = (found.subject or "").removeprefix(f"{self._prefix}.")
        return WaitingMessage(own_key, found.data or b"", found.seq or 0, stored_at.timestamp())

    async def remove(self, sequence: int) -> None:
        """Removes a message. Does nothing when it is not there any more. Raises `unavailable`."""
        self._stream.connection.require_connected()
        try:
            await self._stream.js.delete_msg(self._stream.name, sequence)
        except nats.js.errors.NotFoundError:
            return
        except nats.js.errors.APIError as error:
            if error.err_code == _NO_MESSAGE:
                return
            raise self._stream.failed(error) from error
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def clear(self, key: str) -> None:
        """Removes all messages of the queues that match `key`, which may have wildcards. Raises `unavailable`."""
        self._stream.connection.require_connected()
        try:
            await self._stream.js.purge_stream(self._stream.name, subject=f"{self._prefix}.{key}")
        except FAILURES as error:
            raise self._stream.failed(error) from error

    async def keys(self, key_filter: str = ">") -> dict[str, int]:
        """Returns the number of messages of each queue that has any. Raises `unavailable`."""
        self._stream.connection.require_connected()
        try:
            info = await self._stream.js.stream_info(self._stream.name, subjects_filter=f"{self._prefix}.{key_filter}")
        except FAILURES as error:
            raise self._stream.failed(error) from error
        counts = info.state.subjects or {}
        return {subject.removeprefix(f"{self._prefix}."): count for subject, count in counts.items()}

    async def fill_level(self) -> float:
        """The share of the bound that is used, from 0 to 1. Raises `unavailable`."""
        return await self._stream.fill_level()
