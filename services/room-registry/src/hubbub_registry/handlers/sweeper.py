"""Clearing away what nobody needs any more. Every replica does it; compare-and-set sorts it out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Collection

from hubbub_bus import KeyConflict, operation_id
from hubbub_contracts import HubbubError
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord
from hubbub_registry.domain.room_state import Held
from hubbub_registry.domain.sweep import LostSignaling, empty_rooms, half_closed, orphans
from hubbub_registry.handlers.room import reopen
from hubbub_registry.handlers.store import RoomStore

log = logging.getLogger(__name__)

AT_ONCE = 64
"""So many things are cleared away in one pass; the rest waits for the next."""


class Sweeper:
    """Closes empty rooms, removes peers that nobody serves."""

    def __init__(self, store: RoomStore, empty_room_ttl: float, reconnect_grace: float) -> None:
        self._store = store
        self._empty_room_ttl = empty_room_ttl
        self._signaling = LostSignaling(reconnect_grace)

    async def run(self, leased: Collection[str], now: float, *, may_judge: bool) -> None:
        """One pass. `leased` are the signaling instances with a lease; without `may_judge` none is given up."""
        rooms = self._store.rooms
        work: list[Awaitable[None]] = [
            self._close(room_id) for room_id in empty_rooms(rooms, now, self._empty_room_ttl)
        ]
        work += [self._keep(room_id) for room_id in half_closed(rooms, now)]
        work += [self._remove(peer, "room_closed") for peer in orphans(rooms, now)]
        if may_judge:
            work += [self._remove(peer, "signaling_lost") for peer in self._signaling.lost_peers(rooms, leased, now)]
        else:
            self._signaling.forgive()
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(_quietly(item, gate) for item in work))

    async def _close(self, room_id: str) -> None:
        """Marks the room; removes it when no join stands before the mark."""
        room = self._store.rooms.get(room_id)
        if room is None or room.settings is None or room.peers:
            return
        record = room.settings.record.model_copy(update={"closing": True, "operation_id": operation_id()})
        mark = await self._store.put_room(record, room.settings.revision)
        if room.peers:
            await self._keep(room_id)
        else:
            await self._store.purge_room(room_id, mark)

    async def _keep(self, room_id: str) -> None:
        room = self._store.rooms.get(room_id)
        if room is not None and room.settings is not None and room.settings.record.closing:
            await reopen(self._store, room.settings)

    async def _remove(self, peer: Held[PeerRecord], reason: LeaveReason) -> None:
        await self._store.purge_peer(peer.record.room_id, peer.record.peer_id, peer.revision, reason)


async def _quietly(work: Awaitable[None], gate: asyncio.Semaphore) -> None:
    """A conflict means that somebody needs it, or was quicker; anything else is tried again in the next pass."""
    async with gate:
        try:
            await work
        except KeyConflict:
            pass
        except HubbubError as error:
            log.info("not cleared away: %s", error.message)
