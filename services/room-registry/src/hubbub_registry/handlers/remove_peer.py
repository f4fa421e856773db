"""Removing a peer, whichever session serves it."""

from __future__ import annotations

from hubbub_bus import retry_on_conflict
from hubbub_contracts.bus.peer import LeaveReason

from ..domain.ports import RoomStore


async def remove_peer(store: RoomStore, room_id: str, peer_id: str, reason: LeaveReason) -> None:
    """Removes the peer with its producers. Does nothing when it is gone. Raises `unavailable`."""

    async def attempt() -> None:
        await store.refresh_peer(room_id, peer_id)
        peer = store.rooms.find_peer(room_id, peer_id)
        if peer is not None:
            await store.purge_peer(room_id, peer_id, peer.revision, reason)

    await retry_on_conflict(attempt)
