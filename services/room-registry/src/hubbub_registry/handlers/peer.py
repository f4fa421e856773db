"""Peers: how they leave, and how another signaling instance takes them over."""

from __future__ import annotations

import hashlib
import hmac

from hubbub_bus import operation_id
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.peer import ClaimPeer, LeaveRoom
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_registry.domain.room_state import snapshot
from hubbub_registry.handlers.attempts import until_stored
from hubbub_registry.handlers.change_peer import change_peer
from hubbub_registry.handlers.store import RoomStore


class PeerHandler:
    """Answers `peer.leave` and `peer.claim`."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def leave(self, message: LeaveRoom) -> Done:
        """Removes the peer; one that is not there cannot come any more: its join may still be on its way."""
        await self._store.ready()

        async def attempt() -> Done:
            await self._store.refresh_peer(message.room_id, message.peer_id)
            room = self._store.rooms.get(message.room_id)
            peer = None if room is None else room.peers.get(message.peer_id)
            if peer is not None:
                await self._store.purge_peer(message.room_id, message.peer_id, peer.revision, message.reason)
            else:
                await self._store.spend_peer(message.room_id, message.peer_id, message.reason)
            return Done()

        return await until_stored(attempt)

    async def claim(self, message: ClaimPeer) -> RoomSnapshot:
        """Hands the peer to another instance. Raises `not_found`, and `not_allowed` for a wrong secret."""
        operation = operation_id()

        def change(peer: PeerRecord) -> PeerRecord | None:
            if peer.operation_id == operation and peer.signaling_id == message.signaling_id:
                return None  # this very claim was stored, though its answer was lost
            _check_secret(peer, message.resume_secret)
            digest = message.resume_digest or peer.resume_digest
            if (peer.signaling_id, peer.resume_digest) == (message.signaling_id, digest):
                return None
            return peer.model_copy(update={"signaling_id": message.signaling_id, "resume_digest": digest})

        await change_peer(self._store, message.room_id, message.peer_id, change)
        room = self._store.rooms.get(message.room_id)
        told = None if room is None else snapshot(room, self._store.sequence)
        if told is None:
            raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
        return told


def _check_secret(peer: PeerRecord, secret: str) -> None:
    """Raises `not_allowed` unless the secret is the peer's; takes as long whatever is wrong."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    if not hmac.compare_digest(digest.encode(), (peer.resume_digest or "-" * len(digest)).encode()):
        raise HubbubError(ErrorCode.NOT_ALLOWED, "the session cannot be resumed with this")
