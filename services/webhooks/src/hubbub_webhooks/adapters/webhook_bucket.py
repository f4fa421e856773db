"""The bucket `webhooks`: the endpoints, and what each of them was told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyConflict, KeyValue, View, list_bucket
from hubbub_contracts import ErrorCode, HubbubError, Model, subjects
from hubbub_contracts.bus.webhook_records import Position, ToldRoom, WebhookRecord

from ..domain.ports import NotOwner

MAX_BYTES = 64 * 1024 * 1024
"""Of the bucket. What one endpoint was told of a room of 10 has 2 KB."""
IDLE_TTL = 90_000
"""Seconds for which the state of an idle room is kept: longer than its sequence goes on."""
READY_TIMEOUT = 1.0
"""Seconds for which a request waits for the list of endpoints after a connection to the bus was lost."""
_ENDPOINT, _POSITION, _TOLD = "endpoint", "position", "told"

ModelT = TypeVar("ModelT", bound=Model)

_log = structlog.get_logger(__name__)


def webhooks_bucket(bus: Bus, replicas: int = 1) -> KeyValue:
    """The bucket. `replicas` is the number of its copies in a NATS cluster."""
    return KeyValue(bus, Bucket(subjects.WEBHOOKS_BUCKET, replicas=replicas, max_bytes=MAX_BYTES))


class KvEndpoints:
    """Implements `domain.ports.Endpoints`."""

    def __init__(self, bus: Bus, bucket: KeyValue, configured: WebhookRecord | None) -> None:
        """`configured` is the endpoint in the configuration; it exists without being stored."""
        self._kv = bucket
        self._configured = {} if configured is None else {configured.webhook_id: configured}
        self._stored: dict[str, WebhookRecord] = {}
        self._revisions: dict[str, int] = {}
        self._version = 0
        self._changed = asyncio.Event()
        self._view = View(bus, bucket, self._apply, owns_bucket=True)

    @property
    def current(self) -> Mapping[str, WebhookRecord]:
        """See `Endpoints`."""
        return MappingProxyType({**self._configured, **self._stored})

    @property
    def version(self) -> int:
        """See `Endpoints`."""
        return self._version

    async def refresh(self) -> None:
        """See `Endpoints`."""
        await self._view.catch_up(READY_TIMEOUT)

    async def wait_for_change(self, version: int) -> None:
        """See `Endpoints`."""
        while self._version == version:
            await self._changed.wait()

    @property
    def healthy(self) -> bool:
        """The view is complete and current."""
        return self._view.healthy

    def is_configured(self, webhook_id: str) -> bool:
        """See `Endpoints`."""
        return webhook_id in self._configured

    def start(self) -> None:
        """Starts following the bucket, and creates it when it does not exist."""
        self._view.start()

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()

    async def complete(self) -> None:
        """Waits without a limit until all endpoints are known."""
        await self._view.wait_healthy(None)

    async def put(self, record: WebhookRecord, *, new: bool) -> None:
        """See `Endpoints`."""
        key = f"{_ENDPOINT}.{record.webhook_id}"
        try:
            if new:
                revision = await self._kv.create(key, record)
            else:
                revision = await self._kv.update(key, record, last=self._revisions.get(key, 0))
        except KeyConflict as error:
            raise HubbubError(ErrorCode.CONFLICT, "the webhook was changed by another request") from error
        await self._view.wait_for(revision)

    async def remove(self, webhook_id: str) -> None:
        """See `Endpoints`."""
        key = f"{_ENDPOINT}.{webhook_id}"
        try:
            revision = await self._kv.purge(key, last=self._revisions.get(key, 0))
        except KeyConflict as error:
            raise HubbubError(ErrorCode.CONFLICT, "the webhook was changed by another request") from error
        await self._view.wait_for(revision)

    def _apply(self, entry: Entry, _before: Entry | None) -> None:
        kind, _, webhook_id = entry.key.partition(".")
        if kind != _ENDPOINT:
            return
        self._revisions[entry.key] = entry.revision
        record = _parse(WebhookRecord, entry)
        if record is None:
            self._stored.pop(webhook_id, None)
        else:
            self._stored[webhook_id] = record
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()


class KvToldStore:
    """Implements `domain.ports.ToldStore`."""

    def __init__(self, bus: Bus, bucket: KeyValue) -> None:
        self._bus = bus
        self._kv = bucket
        self._revisions: dict[str, int] = {}

    async def known(self) -> set[str]:
        """See `ToldStore`."""
        entries, _ = await list_bucket(self._bus, self._kv)
        keys = (entry.key.split(".") for entry in entries if entry.value is not None)
        return {parts[1] for parts in keys if parts[0] in (_POSITION, _TOLD)}

    async def load(self, webhook_id: str) -> tuple[Position, list[ToldRoom]]:
        """See `ToldStore`."""
        position, rooms = Position(), list[ToldRoom]()
        entries, _ = await list_bucket(self._bus, self._kv)
        for entry in entries:
            if entry.key == f"{_POSITION}.{webhook_id}":
                position = _parse(Position, entry) or position
            elif entry.key.startswith(f"{_TOLD}.{webhook_id}."):
                room = _parse(ToldRoom, entry)
                rooms += [] if room is None else [room]
            else:
                continue
            self._revisions[entry.key] = entry.revision
        return position, rooms

    async def put_room(self, webhook_id: str, room: ToldRoom) -> None:
        """See `ToldStore`."""
        ttl = None if room.idle_since is None else IDLE_TTL
        await self._put(f"{_TOLD}.{webhook_id}.{room.room_id}", room, ttl)

    async def put_position(self, webhook_id: str, position: Position) -> None:
        """See `ToldStore`."""
        await self._put(f"{_POSITION}.{webhook_id}", position, None)

    async def remove(self, webhook_id: str) -> None:
        """See `ToldStore`."""
        entries, _ = await list_bucket(self._bus, self._kv)
        for entry in entries:
            kind, _, rest = entry.key.partition(".")
            if entry.value is not None and kind in (_POSITION, _TOLD) and rest.partition(".")[0] == webhook_id:
                try:
                    await self._kv.purge(entry.key, last=entry.revision)
                except KeyConflict as error:
                    raise NotOwner from error
            self._revisions.pop(entry.key, None)

    async def _put(self, key: str, record: Model, ttl: int | None) -> None:
        try:
            self._revisions[key] = await self._kv.update(key, record, last=self._revisions.get(key, 0), ttl=ttl)
        except KeyConflict:
            # The state of an idle room has expired. Otherwise another instance has written, so it is the owner.
            current = await self._kv.get(key)
            if current is not None and current.value is not None:
                raise NotOwner from None
            last = 0 if current is None else current.revision
            self._revisions[key] = await self._kv.update(key, record, last=last, ttl=ttl)


def _parse(model: type[ModelT], entry: Entry) -> ModelT | None:
    """None for a tombstone, and for a value that no version wrote."""
    if entry.value is None:
        return None
    try:
        return model.model_validate_json(entry.value)
    except ValidationError as error:
        _log.error("malformed record in the bucket of webhooks", key=entry.key, error=str(error))
        return None
