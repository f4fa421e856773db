"""Changing a peer's record: read what stands there, decide, write over exactly that."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import operation_id
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import PeerRecord
from hubbub_registry.domain.room_state import Held
from hubbub_registry.handlers.attempts import until_stored
from hubbub_registry.handlers.store import PeerDeparted, RoomStore

Change = Callable[[PeerRecord], PeerRecord | None]
"""The new record; None when nothing is to be written."""


def find_peer(store: RoomStore, room_id: str, peer_id: str) -> Held[PeerRecord]:
    """The peer. Raises `room_not_found` and `not_found`."""
    room = store.rooms.get(room_id)
    if room is None or room.settings is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    peer = room.peers.get(peer_id)
    if peer is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    return peer


async def change_peer(store: RoomStore, room_id: str, peer_id: str, change: Change) -> int:
    """Applies `change`; the revision of the peer's record then. Raises HubbubError."""
    await store.ready()

    async def attempt() -> int:
        # A change that turns out to be none must not be judged by an old copy.
        await store.refresh_peer(room_id, peer_id)
        peer = find_peer(store, room_id, peer_id)
        changed = change(peer.record)
        if changed is None:
            return peer.revision
        try:
            return await store.put_peer(changed.model_copy(update={"operation_id": operation_id()}), peer.revision)
        except PeerDeparted as error:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such peer") from error

    return await until_stored(attempt)
