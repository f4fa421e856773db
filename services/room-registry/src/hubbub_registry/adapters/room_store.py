"""The bucket of rooms: a view of it, and compare-and-set writes."""

from __future__ import annotations

import time

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyConflict, KeyValue, View
from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord

from ..domain.ports import PeerDeparted, RemovalReason
from ..domain.rooms import Rooms

_log = structlog.get_logger(__name__)

READY_TIMEOUT = 1.0
MAX_BYTES = 512 * 1024 * 1024
"""Of the bucket. A replica can load this much in time; ten times the records of 100,000 ordinary peers fit."""
VISIBLE_TIMEOUT = 4.0
"""Seconds that `wait_for` waits. A view notices a dead watch after 3 s, and then lists the bucket again."""


def rooms_bucket(replicas: int = 1) -> Bucket:
    """Returns the configuration of the bucket. `replicas` is the number of its copies in a NATS cluster."""
    return Bucket(
        subjects.ROOMS_BUCKET,
        subjects.ROOMS_REPUBLISH_SOURCE,
        subjects.ROOMS_REPUBLISH_DESTINATION,
        replicas,
        MAX_BYTES,
    )


class KvRoomStore:
    """Implements `domain.ports.RoomStore`."""

    def __init__(self, bus: Bus, replicas: int = 1) -> None:
        """`replicas` is the number of copies of the bucket in a NATS cluster."""
        self._kv = KeyValue(bus, rooms_bucket(replicas))
        self._view = View(bus, self._kv, self._apply, owns_bucket=True)
        self._rooms = Rooms()

    @property
    def rooms(self) -> Rooms:
        """See `RoomStore`."""
        return self._rooms

    @property
    def sequence(self) -> int:
        """See `RoomStore`."""
        return self._view.sequence

    @property
    def identity(self) -> str | None:
        """See `RoomStore`."""
        return self._view.identity

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
        """Waits without a limit until all rooms are known."""
        await self._view.wait_healthy(None)

    async def ready(self) -> None:
        """See `RoomStore`."""
        await self._view.wait_healthy(READY_TIMEOUT)
        if self._view.rebuilding:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the store was lost and is being rebuilt", retryable=True)

    async def confirm(self, identity: str | None, sequence: int) -> None:
        """See `RoomStore`."""
        await self._view.confirm(identity, sequence)

    async def refresh_room(self, room_id: str) -> None:
        """See `RoomStore`."""
        await self._refresh(subjects.settings_key(room_id))

    async def refresh_peer(self, room_id: str, peer_id: str) -> None:
        """See `RoomStore`."""
        await self._refresh(subjects.peer_key(room_id, peer_id))

    async def refresh_all(self) -> None:
        """See `RoomStore`."""
        await self._view.wait_for(await self._kv.last_sequence())

    async def wait_for(self, revision: int) -> None:
        """See `RoomStore`."""
        await self._view.wait_for(revision, VISIBLE_TIMEOUT)

    async def put_room(self, record: RoomRecord, last: int) -> int:
        """See `RoomStore`."""
        key = subjects.settings_key(record.room_id)
        try:
            return await (self._kv.update(key, record, last=last) if last else self._kv.create(key, record))
        except KeyConflict:
            await self._refresh(key)
            raise

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """See `RoomStore`."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        try:
            return await self._kv.update(key, record, last=last)
        except KeyConflict:
            entry = await self._refresh(key)
            if entry is not None and entry.value is None:
                raise PeerDeparted from None
            raise

    async def purge_room(self, room_id: str, last: int, reason: RemovalReason = "empty") -> None:
        """See `RoomStore`."""
        await self._purge(subjects.settings_key(room_id), last, reason)

    async def purge_peer(self, room_id: str, peer_id: str, last: int, reason: LeaveReason) -> None:
        """See `RoomStore`."""
        await self._purge(subjects.peer_key(room_id, peer_id), last, reason)

    async def write_tombstone(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """See `RoomStore`."""
        key = subjects.peer_key(room_id, peer_id)
        entry = await self._refresh(key)
        if entry is None:
            await self._purge(key, 0, reason)
        elif entry.value is not None:
            raise KeyConflict(key)

    async def _purge(self, key: str, last: int, reason: str) -> None:
        try:
            await self._kv.purge(key, last=last, reason=reason)
        except KeyConflict:
            await self._refresh(key)
            raise

    async def _refresh(self, key: str) -> Entry | None:
        """Reads `key` from the store, and returns it once the view is at least as new."""
        entry = await self._kv.get(key)
        if entry is not None:
            await self._view.wait_for(entry.revision)
        return entry

    def _apply(self, entry: Entry, _before: Entry | None) -> None:
        # The view is not healthy while it applies a listing.
        now, followed = time.monotonic(), self._view.healthy
        try:
            room_id, kind, identity = subjects.split_key(entry.key)
            if kind == subjects.SETTINGS:
                self._rooms.apply_settings(room_id, entry.value, entry.revision, now, followed=followed)
            elif kind == subjects.PEER:
                self._rooms.apply_peer(room_id, identity, entry.value, entry.revision, now, followed=followed)
        except (ValueError, ValidationError) as error:
            _log.error("malformed record in the bucket of rooms", key=entry.key, error=str(error))
