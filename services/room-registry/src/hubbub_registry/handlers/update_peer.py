"""Updating a peer's record: read it, decide, and replace exactly the revision that was read."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import PeerRecord

from ..domain.ports import PeerDeparted, RoomStore
from ..domain.rooms import Rooms
from ..domain.stored_record import StoredPeer

Change = Callable[[PeerRecord], PeerRecord | None]
"""Returns the new record, or None when nothing is to be written."""


async def update_peer(store: RoomStore, room_id: str, peer_id: str, change: Change) -> int:
    """Applies `change` and returns the revision of the peer's record.

    Raises `room_not_found`, `not_found`, `unavailable`, and the exceptions of `change`.
    """
    await store.ready()

    async def attempt() -> int:
        # Read the store first: a change that turns out to be none must not be decided by an outdated copy.
        await store.refresh_peer(room_id, peer_id)
        peer = _find_peer(store.rooms, room_id, peer_id)
        changed = change(peer.record)
        if changed is None:
            return peer.revision
        try:
            return await store.put_peer(changed.model_copy(update={"operation_id": operation_id()}), peer.revision)
        except PeerDeparted as error:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such peer") from error

    return await retry_on_conflict(attempt)


def _find_peer(rooms: Rooms, room_id: str, peer_id: str) -> StoredPeer:
    room = rooms.get(room_id)
    if room is None or room.settings is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    peer = room.peers.get(peer_id)
    if peer is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    return peer
