"""A bucket of records in JetStream, written by compare-and-set alone.

Rules
- A write names the revision that it replaces (0: none); JetStream refuses it when another stands there: `KeyConflict`.
- A write carries its operation id, its reason and its trace as headers; those who hear of the change see them too.
- A write whose acknowledgement is lost may have been stored: `WriteUnknown`. The writer reads the key again and knows
  its own write by the operation id that it put into the value.
- A key that was purged, or that expired, leaves a marker for a while: an entry whose value is None, with a revision.
- Reads go to the leader: a direct get may be behind.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext, api
from pydantic import BaseModel, ConfigDict, ValidationError

from hubbub_contracts import ErrorCode, HubbubError, Model

from . import headers
from .bus import Bus
from .connection import Connection
from .operation import operation_id, outgoing_headers

WRITE_TIMEOUT = 2.0
MARKER_TTL = 60
"""Seconds that the marker of a purged key stands."""

_WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
_STREAM_NOT_FOUND = 10059
_STREAM_NAME_IN_USE = 10058


class KeyConflict(Exception):
    """Another value stands there than the writer believed."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by somebody else")
        self.key = key


class WriteUnknown(HubbubError):
    """The acknowledgement did not come: the write may or may not have been stored."""

    def __init__(self, key: str) -> None:
        super().__init__(ErrorCode.DEADLINE_EXCEEDED, f"the store did not acknowledge {key} in time", retryable=True)


class BucketMissing(HubbubError):
    """There is no such bucket, or JetStream has no leader: nothing was stored."""

    def __init__(self, bucket: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"the store {bucket} does not answer", retryable=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a key."""

    key: str
    value: bytes | None
    """None for the marker of a key that was purged or that expired."""
    revision: int
    """The bucket's sequence of this write."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def operation_id(self) -> str | None:
        """Whose write it was."""
        return self.headers.get(headers.OPERATION)

    @property
    def reason(self) -> str | None:
        """Why it was purged, as its writer said; None when it said nothing, or the key expired."""
        return self.headers.get(headers.REASON)

    @property
    def expired(self) -> bool:
        """A marker that no writer wrote: the key's time to live ran out."""
        return self.value is None and self.headers.get(headers.MARKER_REASON) == headers.EXPIRED


@dataclass(frozen=True, slots=True)
class Bucket:
    """How a bucket is made."""

    name: str
    republish_source: str | None = None
    republish_destination: str | None = None
    replicas: int = 1

    @property
    def stream(self) -> str:
        """The name of its stream."""
        return f"KV_{self.name}"


class KeyValue:
    """One bucket."""

    def __init__(self, bus: Bus, bucket: Bucket) -> None:
        self.bucket = bucket
        self._connection: Connection = bus.connection
        self._js: JetStreamContext = bus.connection.client.jetstream(timeout=WRITE_TIMEOUT)

    async def ensure(self) -> bool:
        """Makes the bucket unless there is one; True when it was made. Raises HubbubError.

        A new bucket's sequence begins at the Unix seconds x 10^6, so that no revision or epoch is ever seen twice even
        when the store was lost.
        """
        self._connection.require_connected()
        try:
            await self._js.stream_info(self.bucket.stream)
            return False
        except nats.js.errors.NotFoundError:
            pass
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        try:
            await self._js.add_stream(self._stream_config())
            return True
        except nats.js.errors.APIError as error:
            if error.err_code == _STREAM_NAME_IN_USE:  # another process was quicker
                return False
            raise BucketMissing(self.bucket.name) from error
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error

    async def get(self, key: str) -> Entry | None:
        """What stands at `key`, a marker included; None when nothing does. Raises HubbubError."""
        self._connection.require_connected()
        try:
            message = await self._js.get_msg(self.bucket.stream, subject=self._subject(key))
        except nats.js.errors.NotFoundError as error:
            if error.err_code == _STREAM_NOT_FOUND:
                raise BucketMissing(self.bucket.name) from error
            return None
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        return entry_of(key, message.data or b"", message.seq or 0, message.headers)

    async def create(self, key: str, record: Model, *, over_marker: bool = True, ttl: int | None = None) -> int:
        """Stores `record` where nothing stands (or, if allowed, a marker) and returns its revision.

        Raises KeyConflict and HubbubError. `ttl` is in seconds, at least 1.
        """
        try:
            return await self.update(key, record, last=0, ttl=ttl)
        except KeyConflict:
            if not over_marker:
                raise
        standing = await self.get(key)
        if standing is not None and standing.value is not None:
            raise KeyConflict(key)
        return await self.update(key, record, last=0 if standing is None else standing.revision, ttl=ttl)

    async def update(self, key: str, record: Model, *, last: int, ttl: int | None = None) -> int:
        """Replaces revision `last` of `key` and returns the new one. Raises KeyConflict and HubbubError.

        Without `ttl` (seconds) the new value lives for ever, whatever the old one did.
        """
        extra = {} if ttl is None else {headers.TTL: str(ttl)}
        return await self._write(key, record.model_dump_json(exclude_none=True).encode(), last, extra)

    async def purge(self, key: str, *, last: int, reason: str | None = None, marker_ttl: int = MARKER_TTL) -> int:
        """Removes `key` at revision `last`, leaving a marker for `marker_ttl` seconds; returns the marker's revision.

        Raises KeyConflict and HubbubError.
        """
        extra = {headers.KV_OPERATION: "PURGE", headers.ROLLUP: "sub", headers.TTL: str(marker_ttl)}
        if reason is not None:
            extra[headers.REASON] = reason
        return await self._write(key, b"", last, extra)

    async def last_sequence(self) -> int:
        """The bucket's sequence: of its last write. Raises HubbubError."""
        self._connection.require_connected()
        try:
            info = await self._js.stream_info(self.bucket.stream)
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        return info.state.last_seq

    async def _write(self, key: str, payload: bytes, last: int, extra: Mapping[str, str]) -> int:
        self._connection.require_connected()
        carried = outgoing_headers(operation_id()) | {headers.EXPECTED_LAST: str(last), **extra}
        try:
            answer = await self._connection.client.request(
                self._subject(key), payload, timeout=WRITE_TIMEOUT, headers=carried
            )
        except nats.errors.NoRespondersError as error:
            raise BucketMissing(self.bucket.name) from error
        except nats.errors.TimeoutError as error:
            raise WriteUnknown(key) from error
        except nats.errors.MaxPayloadError as error:
            raise HubbubError(ErrorCode.TOO_LARGE, f"{key} is too large for the store") from error
        except nats.errors.Error as error:
            raise BucketMissing(self.bucket.name) from error
        try:
            stored = _Acknowledgement.model_validate_json(answer.data)
        except ValidationError as error:
            raise WriteUnknown(key) from error
        if stored.error is not None:
            if stored.error.err_code in _WRONG_LAST_SEQUENCE:
                raise KeyConflict(key)
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the store refused: {stored.error.description}", retryable=True)
        return stored.seq

    def _subject(self, key: str) -> str:
        return f"$KV.{self.bucket.name}.{key}"

    def _stream_config(self) -> api.StreamConfig:
        republish = None
        if self.bucket.republish_source is not None:
            republish = api.RePublish(src=self.bucket.republish_source, dest=self.bucket.republish_destination)
        return api.StreamConfig(
            name=self.bucket.stream,
            subjects=[f"$KV.{self.bucket.name}.>"],
            max_msgs_per_subject=1,  # more would bring an older value back when the newest expires
            first_seq=int(time.time()) * 1_000_000,
            storage=api.StorageType.FILE,
            num_replicas=self.bucket.replicas,
            discard=api.DiscardPolicy.NEW,
            allow_rollup_hdrs=True,
            allow_msg_ttl=True,
            allow_direct=True,
            deny_delete=True,
            republish=republish,
            subject_delete_marker_ttl=MARKER_TTL,  # without it nobody hears that a key expired
        )


class _Refusal(BaseModel):
    err_code: int = 0
    description: str = ""


class _Acknowledgement(BaseModel):
    """JetStream's answer to a publish."""

    model_config = ConfigDict(extra="ignore")
    seq: int = 0
    error: _Refusal | None = None


def entry_of(key: str, data: bytes, revision: int, carried: Mapping[str, str] | None) -> Entry:
    """The entry that a stored message is."""
    carried = carried or {}
    marker = headers.KV_OPERATION in carried or headers.MARKER_REASON in carried
    return Entry(key, None if marker else data, revision, carried)
