"""A bucket of records in JetStream, written by compare-and-set only.

Rules
- A write names the revision that it replaces; 0 is none. JetStream refuses it when another one is stored: KeyConflict.
- A write carries its operation id, its reason and its trace context as headers; followers of the bucket see them too.
- A write whose acknowledgement is lost may have been stored: WriteUnknown. The writer reads the key again, and
  recognizes its own write by the operation id in the value.
- A purged or expired key leaves a tombstone for a while: an entry with a revision whose value is None.
- Reads go to the leader: a direct get could return an outdated value.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import nats.errors
import nats.js.errors
import structlog
from nats.js import JetStreamContext, api
from pydantic import BaseModel, ConfigDict, ValidationError

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.encoded import encode

from . import headers
from .bus import Bus
from .connection import Connection
from .operation import operation_id, outgoing_headers

WRITE_TIMEOUT = 2.0
TOMBSTONE_TTL = 60
"""Seconds for which the tombstone of a purged key lives."""

REBUILD_KEY = "bucket.rebuild.marker"
"""The key by which replicas agree which of them rebuilds the bucket."""
REBUILD_MARKER_TTL = 10
_REBUILT = "hubbub-rebuilt"
"""The stream's metadata: see `BucketState.rebuilt`."""
_WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
_STREAM_NOT_FOUND = 10059
_STREAM_NAME_IN_USE = 10058
_BUCKET_FULL = "maximum bytes exceeded"
_MENDED = (
    "num_replicas",
    "republish",
    "max_bytes",
    "max_msgs_per_subject",
    "discard",
    "allow_rollup_hdrs",
    "allow_msg_ttl",
    "allow_direct",
    "deny_delete",
    "subject_delete_marker_ttl",
)
"""The settings that `ensure` changes in an existing bucket."""

_log = structlog.get_logger(__name__)


class KeyConflict(Exception):
    """The key holds another revision than the writer named."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by another writer")
        self.key = key


class WriteUnknown(HubbubError):
    """No acknowledgement arrived: the write may or may not have been stored."""

    def __init__(self, key: str) -> None:
        super().__init__(ErrorCode.DEADLINE_EXCEEDED, f"the store did not acknowledge {key} in time", retryable=True)


class BucketMissing(HubbubError):
    """The bucket does not exist, or JetStream has no leader. Nothing was stored."""

    def __init__(self, bucket: str, *, absent: bool = False) -> None:
        """`absent`: the server says that there is no such bucket."""
        super().__init__(ErrorCode.UNAVAILABLE, f"the store {bucket} does not answer", retryable=True)
        self.absent = absent


@dataclass(frozen=True, slots=True)
class Entry:
    """The value of a key, or its tombstone."""

    key: str
    value: bytes | None
    """None for a tombstone."""
    revision: int
    """The stream sequence of this write."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def operation_id(self) -> str | None:
        """The operation that wrote it."""
        return self.headers.get(headers.OPERATION)

    @property
    def reason(self) -> str | None:
        """Why the key was purged; None when its writer gave no reason, or when the key expired."""
        return self.headers.get(headers.REASON)

    @property
    def expired(self) -> bool:
        """A tombstone of the server: the key's time to live has run out."""
        return self.value is None and self.headers.get(headers.MARKER_REASON) == headers.EXPIRED


@dataclass(frozen=True, slots=True)
class Bucket:
    """The configuration of a bucket."""

    name: str
    republish_source: str | None = None
    """The subjects whose changes JetStream republishes; None republishes nothing."""
    republish_destination: str | None = None
    """The subjects that JetStream maps them to."""
    replicas: int = 1
    """Copies in a NATS cluster."""
    max_bytes: int = -1
    """Size of the stream, with headers. Larger states are refused; -1 sets no limit."""

    @property
    def stream(self) -> str:
        """The name of the stream behind the bucket."""
        return f"KV_{self.name}"


@dataclass(frozen=True, slots=True)
class BucketState:
    """The identity of a bucket, and the sequence of its last write."""

    identity: str
    """The creation time. It differs after the bucket was lost and created again."""
    last_sequence: int
    """Of the last write."""
    age: float
    """Seconds since it was created, by the local clock."""
    rebuilt: bool
    """It replaces a bucket that was lost or rolled back."""


class _Marker(Model):
    """The value of REBUILD_KEY."""


class KeyValue:
    """One bucket."""

    def __init__(self, bus: Bus, bucket: Bucket) -> None:
        self.bucket = bucket
        self._connection: Connection = bus.connection
        self._js: JetStreamContext = bus.connection.client.jetstream(timeout=WRITE_TIMEOUT)

    async def ensure(self, *, rebuilt: bool = False) -> bool:
        """Creates the bucket, or gives an existing one this configuration. Only the bucket's owner calls it.

        `rebuilt` marks a new bucket as the replacement of a lost one. Returns whether this call created the bucket.
        Raises HubbubError.

        The sequence of a new bucket starts at the Unix time in microseconds, so that no revision or epoch occurs twice,
        even when the store was lost.
        """
        self._connection.require_connected()
        try:
            info = await self._js.stream_info(self.bucket.stream)
            await self._mend(info.config)
            return False
        except nats.js.errors.NotFoundError:
            pass
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        try:
            await self._js.add_stream(self._stream_config(rebuilt=rebuilt))
            return True
        except nats.js.errors.APIError as error:
            if error.err_code == _STREAM_NAME_IN_USE:  # another process was faster
                return False
            raise BucketMissing(self.bucket.name) from error
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error

    async def _mend(self, stored: api.StreamConfig) -> None:
        """Changes what differs from this configuration. A refused change is logged: the bucket works as it is."""
        wanted = self._stream_config(rebuilt=False)
        different = {name: getattr(wanted, name) for name in _MENDED if getattr(stored, name) != getattr(wanted, name)}
        if not different:
            return
        try:
            await self._js.update_stream(stored.evolve(**different))
        except nats.js.errors.APIError as error:
            _log.error("the bucket cannot be reconfigured", bucket=self.bucket.name, error=error.description)
        else:
            _log.warning("the bucket had another configuration", bucket=self.bucket.name, changed=sorted(different))

    async def get(self, key: str) -> Entry | None:
        """Returns the entry at `key`, which may be a tombstone; None when there is none. Raises HubbubError."""
        self._connection.require_connected()
        try:
            message = await self._js.get_msg(self.bucket.stream, subject=self._subject(key))
        except nats.js.errors.NotFoundError as error:
            if error.err_code == _STREAM_NOT_FOUND:
                raise BucketMissing(self.bucket.name) from error
            return None
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        return parse_entry(key, message.data or b"", message.seq or 0, message.headers)

    async def create(self, key: str, record: Model, *, over_tombstone: bool = True, ttl: int | None = None) -> int:
        """Stores `record` at a key without a value, and returns its revision.

        Arguments:
            over_tombstone: whether a tombstone may be replaced.
            ttl: seconds after which the key expires, at least 1; None keeps it for ever.

        Raises KeyConflict and HubbubError.
        """
        try:
            return await self.update(key, record, last=0, ttl=ttl)
        except KeyConflict:
            if not over_tombstone:
                raise
        current = await self.get(key)
        if current is not None and current.value is not None:
            raise KeyConflict(key)
        return await self.update(key, record, last=0 if current is None else current.revision, ttl=ttl)

    async def update(self, key: str, record: Model, *, last: int, ttl: int | None = None) -> int:
        """Replaces revision `last` of `key`, and returns the new revision. Raises KeyConflict and HubbubError.

        `ttl` is in seconds. Without it the new value never expires, regardless of the old value's time to live.
        """
        extra = {} if ttl is None else {headers.TTL: str(ttl)}
        return await self._write(key, encode(record), last, extra)

    async def purge(self, key: str, *, last: int, reason: str | None = None, tombstone_ttl: int = TOMBSTONE_TTL) -> int:
        """Replaces revision `last` of `key` by a tombstone, and returns the tombstone's revision.

        Arguments:
            reason: why the key is purged; followers find it in `Entry.reason`.
            tombstone_ttl: seconds for which the tombstone lives.

        Raises KeyConflict and HubbubError.
        """
        extra = {headers.KV_OPERATION: "PURGE", headers.ROLLUP: "sub", headers.TTL: str(tombstone_ttl)}
        if reason is not None:
            extra[headers.REASON] = reason
        return await self._write(key, b"", last, extra)

    async def rebuild(self, identity: str, *, known_sequence: int | None = None) -> None:
        """Replaces the bucket of this identity by an empty one, whose sequence starts at the present time.

        For a bucket that was rolled back, whose sequences would repeat, or that was created because the former one was
        lost. Of several callers, one does it. With `known_sequence`, keeps a bucket that has reached this sequence.
        Raises HubbubError.
        """
        try:
            marker = await self.create(REBUILD_KEY, _Marker(), over_tombstone=False, ttl=REBUILD_MARKER_TTL)
        except KeyConflict:
            return  # another replica replaces it; if that one dies, the marker expires
        # The marker follows all writes that a new leader of the stream has not applied yet.
        if (known_sequence is not None and marker > known_sequence) or (await self.state()).identity != identity:
            return
        try:
            await self._js.delete_stream(self.bucket.stream)
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        await self.ensure(rebuilt=True)

    async def last_sequence(self) -> int:
        """Returns the stream sequence of the bucket's last write. Raises HubbubError."""
        return (await self.state()).last_sequence

    async def state(self) -> BucketState:
        """Asks the server for the bucket's state. Raises HubbubError."""
        self._connection.require_connected()
        try:
            info = await self._js.stream_info(self.bucket.stream)
        except nats.js.errors.NotFoundError as error:
            raise BucketMissing(self.bucket.name, absent=True) from error
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(self.bucket.name) from error
        created = info.created or datetime.now(UTC)
        return BucketState(
            identity=created.isoformat(),
            last_sequence=info.state.last_seq,
            age=time.time() - created.timestamp(),
            rebuilt=_REBUILT in (info.config.metadata or {}),
        )

    async def _write(self, key: str, payload: bytes, last: int, extra: Mapping[str, str]) -> int:
        self._connection.require_connected()
        request_headers = outgoing_headers(operation_id()) | {headers.EXPECTED_LAST: str(last), **extra}
        try:
            answer = await self._connection.client.request(
                self._subject(key), payload, timeout=WRITE_TIMEOUT, headers=request_headers
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
            if stored.error.description == _BUCKET_FULL:
                raise HubbubError(ErrorCode.QUOTA_EXCEEDED, f"the store {self.bucket.name} is full")
            raise HubbubError(ErrorCode.UNAVAILABLE, f"the store refused: {stored.error.description}", retryable=True)
        return stored.seq

    def _subject(self, key: str) -> str:
        return f"$KV.{self.bucket.name}.{key}"

    def _stream_config(self, *, rebuilt: bool) -> api.StreamConfig:
        republish = None
        if self.bucket.republish_source is not None:
            republish = api.RePublish(src=self.bucket.republish_source, dest=self.bucket.republish_destination)
        return api.StreamConfig(
            name=self.bucket.stream,
            subjects=[f"$KV.{self.bucket.name}.>"],
            max_bytes=self.bucket.max_bytes,
            max_msgs_per_subject=1,  # with more, an older value would return when the newest expires
            first_seq=time.time_ns() // 1_000,
            storage=api.StorageType.FILE,
            num_replicas=self.bucket.replicas,
            discard=api.DiscardPolicy.NEW,
            allow_rollup_hdrs=True,
            allow_msg_ttl=True,
            allow_direct=True,
            deny_delete=True,
            republish=republish,
            metadata={_REBUILT: "true"} if rebuilt else None,
            subject_delete_marker_ttl=TOMBSTONE_TTL,  # without it, an expired key causes no message
        )


class _Refusal(BaseModel):
    err_code: int = 0
    description: str = ""


class _Acknowledgement(BaseModel):
    """JetStream's acknowledgement of a publish."""

    model_config = ConfigDict(extra="ignore")
    seq: int = 0
    error: _Refusal | None = None


def parse_entry(key: str, data: bytes, revision: int, message_headers: Mapping[str, str] | None) -> Entry:
    """Returns the entry in a stored message."""
    message_headers = message_headers or {}
    tombstone = headers.KV_OPERATION in message_headers or headers.MARKER_REASON in message_headers
    return Entry(key, None if tombstone else data, revision, message_headers)
