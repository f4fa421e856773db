"""The bucket of rooms: a view of it, and writes that return once the view holds them."""

from __future__ import annotations

import logging
import time

from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyConflict, KeyValue, View
from hubbub_contracts import subjects
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_registry.domain.room_state import Rooms
from hubbub_registry.handlers.store import PeerDeparted

log = logging.getLogger(__name__)

READY_TIMEOUT = 1.0


class KvRoomStore:
    """Implements `handlers.store.RoomStore`."""

    def __init__(self, bus: Bus, replicas: int = 1) -> None:
        bucket = Bucket(
            subjects.ROOMS_BUCKET, subjects.ROOMS_REPUBLISH_SOURCE, subjects.ROOMS_REPUBLISH_DESTINATION, replicas
        )
        self._kv = KeyValue(bus, bucket)
        self._view = View(bus, self._kv, self._changed)
        self._rooms = Rooms()

    @property
    def rooms(self) -> Rooms:
        """As this replica knows them."""
        return self._rooms

    @property
    def sequence(self) -> int:
        """All changes up to here are in `rooms`."""
        return self._view.sequence

    @property
    def healthy(self) -> bool:
        """The view is complete, and follows."""
        return self._view.healthy

    def start(self) -> None:
        """Begins to follow; makes the bucket when there is none."""
        self._view.start()

    async def stop(self) -> None:
        """Follows no more."""
        await self._view.stop()

    async def complete(self) -> None:
        """Returns once all rooms are known, however long that takes."""
        await self._view.ready(None)

    async def ready(self) -> None:
        """Returns once this replica may answer. Raises `unavailable` after a second."""
        await self._view.ready(READY_TIMEOUT)

    async def refresh_room(self, room_id: str) -> None:
        """Has `rooms` hold at least what stands at the room's settings now."""
        await self._refresh(subjects.settings_key(room_id))

    async def refresh_peer(self, room_id: str, peer_id: str) -> None:
        """Has `rooms` hold at least what stands at the peer now."""
        await self._refresh(subjects.peer_key(room_id, peer_id))

    async def refresh_all(self) -> None:
        """Has `rooms` hold at least everything that is stored now."""
        await self._view.reached(await self._kv.last_sequence())

    async def put_room(self, record: RoomRecord, last: int) -> int:
        """Replaces revision `last` of the settings, 0 being none or a closed room; the new revision."""
        key = subjects.settings_key(record.room_id)
        try:
            revision = await (self._kv.update(key, record, last=last) if last else self._kv.create(key, record))
        except KeyConflict:
            await self._refresh(key)
            raise
        await self._view.reached(revision)
        return revision

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """Replaces revision `last` of the peer, 0 being none; the new revision. Raises PeerDeparted too."""
        key = subjects.peer_key(record.room_id, record.peer_id)
        try:
            revision = await self._kv.update(key, record, last=last)
        except KeyConflict:
            standing = await self._refresh(key)
            if standing is not None and standing.value is None:
                raise PeerDeparted from None
            raise
        await self._view.reached(revision)
        return revision

    async def purge_room(self, room_id: str, last: int) -> None:
        """Removes the settings at revision `last`."""
        await self._purge(subjects.settings_key(room_id), last, "empty")

    async def purge_peer(self, room_id: str, peer_id: str, last: int, reason: LeaveReason) -> None:
        """Removes the peer at revision `last`."""
        await self._purge(subjects.peer_key(room_id, peer_id), last, reason)

    async def spend_peer(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """Has a peer that never was be one that has left; nothing to do for one that has."""
        key = subjects.peer_key(room_id, peer_id)
        standing = await self._refresh(key)
        if standing is None:
            await self._purge(key, 0, reason)
        elif standing.value is not None:
            raise KeyConflict(key)

    async def _purge(self, key: str, last: int, reason: str) -> None:
        try:
            revision = await self._kv.purge(key, last=last, reason=reason)
        except KeyConflict:
            await self._refresh(key)
            raise
        await self._view.reached(revision)

    async def _refresh(self, key: str) -> Entry | None:
        standing = await self._kv.get(key)
        if standing is not None:
            await self._view.reached(standing.revision)
        return standing

    def _changed(self, entry: Entry, _before: Entry | None) -> None:
        now = time.monotonic()
        try:
            room_id, kind, identity = subjects.split_key(entry.key)
            if kind == subjects.SETTINGS:
                room = None if entry.value is None else RoomRecord.model_validate_json(entry.value)
                self._rooms.apply_settings(room_id, room, entry.revision, now)
            elif kind == subjects.PEER:
                peer = None if entry.value is None else PeerRecord.model_validate_json(entry.value)
                self._rooms.apply_peer(room_id, identity, peer, entry.revision, now)
        except (ValueError, ValidationError) as error:
            log.error("the bucket of rooms holds what cannot be read at %s: %s", entry.key, error)
