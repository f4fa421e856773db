"""`peer.leave`, `peer.claim`, `peer.set-connection-state` and `peer.end-move`."""

from __future__ import annotations

from typing import NoReturn

from hubbub_bus import operation_id, retry_on_conflict, unix_ms
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.peer import ClaimPeer, EndMove, LeaveRoom, SetConnectionState
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.encoded import Encoded

from ..domain import relocation
from ..domain.resume_secret import Verdict, classify, rotated
from ..domain.snapshot import snapshot_with
from .context import RegistryContext
from .update_peer import update_peer


async def leave(context: RegistryContext, request: LeaveRoom) -> Done:
    """Removes the peer. An unknown peer gets a tombstone, so that its join fails if it arrives after this.

    Raises `conflict` when another claim is stored: the request is overdue, and the peer is served elsewhere.
    """
    store = context.store
    await store.ready()

    async def attempt() -> Done:
        await store.refresh_peer(request.room_id, request.peer_id)
        peer = store.rooms.find_peer(request.room_id, request.peer_id)
        if peer is not None:
            _check_claim(peer.record, request.claim_id)
            await store.purge_peer(request.room_id, request.peer_id, peer.revision, request.reason)
        else:
            await store.write_tombstone(request.room_id, request.peer_id, request.reason)
        return Done()

    return await retry_on_conflict(attempt)


async def claim(context: RegistryContext, request: ClaimPeer) -> Encoded[RoomSnapshot]:
    """Assigns the peer to the signaling instance that asks, ends its standby, and returns the room.

    Raises `room_not_found`, `not_found`, and `not_allowed` when the secret or the user is wrong. A secret that was
    replaced before removes the peer.
    """
    operation = operation_id()
    reused: PeerRecord | None = None

    def change(peer: PeerRecord) -> PeerRecord | None:
        if peer.operation_id == operation and peer.signaling_id == request.signaling_id:
            return None  # an earlier attempt of this request was stored, and its reply was lost
        nonlocal reused
        now = unix_ms()
        verdict = classify(peer, request.resume_secret, now, context.reconnect_grace)
        if verdict is Verdict.WRONG:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the resume secret is wrong")
        if request.user_id is not None and request.user_id != peer.user_id:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the peer is of another user")
        if verdict is Verdict.REUSED:
            reused = peer
            return None
        claimed = rotated(peer, request.resume_secret, request.resume_digest, now).model_copy(
            update={
                "signaling_id": request.signaling_id,
                "signaling_epoch": request.signaling_epoch,
                "claim_id": request.claim_id,
                "standby": None,  # the client makes another one: nobody knows what it has there
            }
        )
        return None if claimed == peer else claimed

    await context.store.wait_for(await update_peer(context.store, request.room_id, request.peer_id, change))
    if reused is not None:
        await _end_copied_session(context, reused)
    room = context.store.rooms.get(request.room_id)
    answer = snapshot_with(room, context.store.sequence, request.peer_id, request.known_revision)
    if answer is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    return answer


async def set_connection_state(context: RegistryContext, request: SetConnectionState) -> Done:
    """Records the peer's connection state. Raises `room_not_found`, `not_found`, and `conflict` as `leave` does."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        _check_claim(peer, request.claim_id)
        if peer.connection_state == request.state:
            return None
        return peer.model_copy(update={"connection_state": request.state})

    await update_peer(context.store, request.room_id, request.peer_id, change)
    return Done()


async def end_move(context: RegistryContext, request: EndMove) -> Done:
    """Ends the peer's move. Raises `room_not_found`, `not_found`, and `conflict` as `leave` does."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        _check_claim(peer, request.claim_id)
        return relocation.end_move(peer)

    await update_peer(context.store, request.room_id, request.peer_id, change)
    return Done()


def _check_claim(peer: PeerRecord, claim_id: str | None) -> None:
    """Raises `conflict` when the peer was claimed since `claim_id`. Older versions write and send no claim."""
    if claim_id is not None and peer.claim_id not in (None, claim_id):
        raise HubbubError(ErrorCode.CONFLICT, "another signaling session has claimed the peer")


async def _end_copied_session(context: RegistryContext, peer: PeerRecord) -> NoReturn:
    """Removes the peer, whose resume secret is known to more than one client. Raises `not_allowed`."""
    context.telemetry.resume_token_reused()
    await leave(context, LeaveRoom(room_id=peer.room_id, peer_id=peer.peer_id, reason="removed"))
    raise HubbubError(ErrorCode.NOT_ALLOWED, "the resume token was used before: the session has ended")
