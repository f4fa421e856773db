"""A room's lock and lobby, and the peers that wait.

Rules
- A peer waits as a hidden peer of the role `waiting`. One write of its record admits it, one purge refuses it.
- A peer that joined the audience waits as the others do, and is admitted to the audience.
- The limits of participants and of the audience hold for those who are admitted. Two admissions at the same moment may
  exceed one by one: a client that was told that it is in is not sent back.
"""

from __future__ import annotations

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation import AdmitPeer, Moderated, RefusePeer, SetRoomAccess
from hubbub_contracts.bus.records import PeerRecord

from ..domain import moderation as rules
from ..domain.room_groups import Group, require_seat
from .context import RegistryContext
from .update_peer import update_peer
from .update_room import open_room, update_moderation


async def set_access(context: RegistryContext, request: SetRoomAccess) -> Moderated:
    """Locks the room, and switches its lobby. Raises `room_not_found`.

    A lobby that is switched off admits those who wait, as far as there are places.
    """
    revision = await update_moderation(
        context,
        request.room_id,
        lambda now: rules.with_access(now, locked=request.locked, lobby=request.lobby),
    )
    if request.lobby is False:
        room, _ = open_room(context, request.room_id)
        waiting = sorted((peer for peer in room.peers.values() if peer.waiting), key=lambda peer: peer.created)
        for peer in waiting:
            try:
                await admit(context, AdmitPeer(room_id=request.room_id, peer_id=peer.peer_id))
            except HubbubError as error:
                if error.code not in (ErrorCode.NOT_FOUND, ErrorCode.QUOTA_EXCEEDED):
                    raise
    return Moderated(revision=revision)


async def admit(context: RegistryContext, request: AdmitPeer) -> Moderated:
    """Makes a waiting peer a participant, or one of the audience. Raises as `AdmitPeer` says."""

    def change(peer: PeerRecord) -> PeerRecord | None:
        if peer.watches or not peer.hidden:
            return None
        if not peer.waiting:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such peer in the lobby")
        room = context.store.rooms.get(request.room_id)
        if room is None or room.settings is None:
            return as_admitted(peer)
        group: Group = "audience" if peer.admit_as == "audience" else "participants"
        require_seat(context.limits, room, room.settings, group)
        return as_admitted(peer)

    return Moderated(revision=await update_peer(context.store, request.room_id, request.peer_id, change))


async def refuse(context: RegistryContext, request: RefusePeer) -> Moderated:
    """Removes a waiting peer. Raises as `RefusePeer` says."""
    store = context.store
    await store.ready()

    async def attempt() -> None:
        await store.refresh_peer(request.room_id, request.peer_id)
        open_room(context, request.room_id)
        peer = store.rooms.find_peer(request.room_id, request.peer_id)
        if peer is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such peer in the lobby")
        if not peer.waiting:
            raise HubbubError(ErrorCode.INVALID_STATE, "the peer does not wait in the lobby")
        await store.purge_peer(request.room_id, request.peer_id, peer.revision, "refused")

    await retry_on_conflict(attempt)
    return Moderated(revision=store.sequence)


async def settle_entry(context: RegistryContext, peer: PeerRecord, revision: int, entry: rules.Entry) -> None:
    """Brings the role of a peer that has just joined in line with the lobby. Raises KeyConflict and PeerDeparted."""
    if entry is rules.Entry.WAITS and not peer.waiting:
        changed = as_waiting(peer)
    elif entry is rules.Entry.ENTERS and peer.waiting:
        changed = as_admitted(peer)
    else:
        return
    settled = changed.model_copy(update={"operation_id": operation_id()})
    await context.store.wait_for(await context.store.put_peer(settled, revision))


def as_admitted(peer: PeerRecord) -> PeerRecord:
    """The record of the peer once it is admitted."""
    return peer.model_copy(update={"role": peer.admit_as, "admitted": True})


def as_waiting(peer: PeerRecord) -> PeerRecord:
    """The record of the peer while it waits."""
    return peer.model_copy(update={"role": "waiting", "admitted": False, "producers": [], "standby": None})
