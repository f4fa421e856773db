"""Removes what is no longer used. Every replica runs this; compare-and-set lets one of them win."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hubbub_bus import operation_id
from hubbub_contracts.bus.peer import LeaveReason

from ..domain.ports import RoomStore
from ..domain.stored_record import StoredPeer
from ..domain.sweep import SignalingLeaseTracker, is_to_close, orphaned_peers, rooms_to_close, rooms_to_reopen
from .concurrent_writes import Write, run_writes
from .room import reopen


class Sweeper:
    """Closes empty rooms and removes peers that no signaling instance serves."""

    def __init__(self, store: RoomStore, empty_room_ttl: float, reconnect_grace: float) -> None:
        """Both times are in seconds."""
        self._store = store
        self._empty_room_ttl = empty_room_ttl
        self._signaling = SignalingLeaseTracker(reconnect_grace)

    def skip(self) -> None:
        """Counts no time until the next pass as a part of grace periods: this replica sees no leases."""
        self._signaling.skip()

    async def run(self, leased: Mapping[str, int], now: float, *, can_detect_failures: bool) -> None:
        """Makes one pass.

        Arguments:
            leased: the signaling instances that have a lease, and its epoch.
            now: monotonic seconds.
            can_detect_failures: False while this replica may have missed a lease. Then no peer is considered lost, but
                grace periods go on.
        """
        rooms = self._store.rooms
        writes: list[Write] = [
            partial(self._close, room_id, now) for room_id in rooms_to_close(rooms, now, self._empty_room_ttl)
        ]
        writes += [partial(self._reopen, room_id) for room_id in rooms_to_reopen(rooms, now)]
        writes += [partial(self._remove, peer, "room_closed") for peer in orphaned_peers(rooms, now)]
        lost = self._signaling.lost_peers(rooms, leased, now)
        if can_detect_failures:
            writes += [partial(self._remove, peer, "signaling_lost") for peer in lost]
        await run_writes("sweep", writes)

    async def _close(self, room_id: str, now: float) -> None:
        """Writes the closing marker, then removes the room unless somebody occupied it before the marker."""
        room = self._store.rooms.get(room_id)
        # A write that waited for others of this pass may find a room that was created again since.
        if room is None or room.settings is None or not is_to_close(room, now, self._empty_room_ttl):
            return
        record = room.settings.record.model_copy(update={"closing": True, "operation_id": operation_id()})
        marker = await self._store.put_room(record, room.settings.revision)
        await self._store.wait_for(marker)
        if room.is_occupied():
            await self._reopen(room_id)
        else:
            await self._store.purge_room(room_id, marker)

    async def _reopen(self, room_id: str) -> None:
        room = self._store.rooms.get(room_id)
        if room is not None and room.settings is not None and room.settings.closing:
            await reopen(self._store, room.settings)

    async def _remove(self, peer: StoredPeer, reason: LeaveReason) -> None:
        await self._store.purge_peer(peer.room_id, peer.peer_id, peer.revision, reason)
