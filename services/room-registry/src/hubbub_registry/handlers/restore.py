"""`peer.restore`: signaling writes its peers again after the store was lost."""

from __future__ import annotations

import contextlib

from hubbub_bus import KeyConflict, operation_id
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.peer import RestorePeer

from ..domain.ports import PeerDeparted
from .context import RegistryContext


async def restore(context: RegistryContext, request: RestorePeer) -> Done:
    """Writes the room unless it exists, and the peer unless it exists.

    Raises `unavailable` when this replica does not know the new store yet, `conflict` when another claim of the peer is
    stored, and `not_found` when the peer has left.
    """
    store, peer = context.store, request.peer
    if store.identity != request.store:
        raise HubbubError(ErrorCode.UNAVAILABLE, "this replica has another store", retryable=True)
    room = store.rooms.get(peer.room_id)
    if room is None or room.settings is None:
        record = request.room.model_copy(update={"closing": False, "operation_id": operation_id()})
        with contextlib.suppress(KeyConflict):  # another instance with peers in the room was faster
            await store.wait_for(await store.put_room(record, 0))
    try:
        await store.put_peer(peer.model_copy(update={"operation_id": operation_id()}), 0)
    except PeerDeparted as error:
        raise HubbubError(ErrorCode.NOT_FOUND, "the peer has left") from error
    except KeyConflict as error:
        existing = store.rooms.find_peer(peer.room_id, peer.peer_id)
        if existing is not None and existing.record.claim_id != peer.claim_id:
            raise HubbubError(ErrorCode.CONFLICT, "another signaling session has claimed the peer") from error
    return Done()
