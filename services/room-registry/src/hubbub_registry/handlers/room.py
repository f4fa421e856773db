"""Rooms: made, kept open, told."""

from __future__ import annotations

import time
from collections.abc import Callable

from hubbub_bus import operation_id, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.records import RoomRecord
from hubbub_contracts.bus.room import CreateRoom, GetRoom, RoomCreated, RoomSnapshot
from hubbub_registry.domain import codec_profile
from hubbub_registry.domain.limits import Limits, stands_behind
from hubbub_registry.domain.room_state import Held, snapshot
from hubbub_registry.handlers.attempts import until_stored
from hubbub_registry.handlers.store import RoomStore


async def reopen(store: RoomStore, settings: Held[RoomRecord]) -> int:
    """Writes the settings once more, open: the time that the room may be empty begins anew. Raises KeyConflict."""
    record = settings.record.model_copy(update={"closing": False, "operation_id": operation_id()})
    return await store.put_room(record, settings.revision)


class RoomHandler:
    """Answers `room.create` and `room.get`."""

    def __init__(
        self, store: RoomStore, limits: Limits, empty_room_ttl: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._limits = limits
        self._empty_room_ttl = empty_room_ttl
        self._clock = clock

    async def create(self, message: CreateRoom) -> RoomCreated:
        """Makes the room, or finds it and keeps it open. Raises `quota_exceeded`."""
        await self._store.ready()
        room_id = ids.room_id(message.call_id)

        async def attempt() -> RoomRecord:
            await self._store.refresh_room(room_id)
            room = self._store.rooms.get(room_id)
            if room is None or room.settings is None:
                return await self._make(room_id, message.call_id)
            # Whoever creates is about to join: an empty room lives on from here, everywhere.
            aged = not room.peers and self._clock() - room.idle_since >= self._empty_room_ttl / 4
            if room.settings.record.closing or aged:
                await reopen(self._store, room.settings)
            return room.settings.record

        record = await until_stored(attempt)
        return RoomCreated(
            room_id=room_id,
            call_id=record.call_id,
            codec_profile=record.codec_profile,
            rtp_capabilities=codec_profile.rtp_capabilities(record.codec_profile),
        )

    async def get(self, message: GetRoom) -> RoomSnapshot:
        """The room with everything that was stored before it was asked for. Raises `room_not_found`."""
        await self._store.ready()
        await self._store.refresh_all()
        room = self._store.rooms.get(message.room_id)
        told = None if room is None else snapshot(room, self._store.sequence)
        if told is None:
            raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
        return told

    async def _make(self, room_id: str, call_id: str) -> RoomRecord:
        full = HubbubError(ErrorCode.QUOTA_EXCEEDED, f"there may be {self._limits.rooms} rooms")
        if len(self._store.rooms) >= self._limits.rooms:
            raise full
        record = RoomRecord(
            room_id=room_id,
            call_id=call_id,
            codec_profile=codec_profile.CURRENT,
            created_at=unix_ms(),
            operation_id=operation_id(),
        )
        revision = await self._store.put_room(record, 0)
        if len(self._store.rooms) > self._limits.rooms:
            others = (room.settings.since for other, room in self._store.rooms if room.settings and other != room_id)
            if stands_behind(self._limits.rooms, revision, others):
                await self._store.purge_room(room_id, revision)
                raise full
        return record
