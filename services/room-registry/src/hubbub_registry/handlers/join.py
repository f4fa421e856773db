"""`peer.join`.

Rules
- A join first writes the peer's key, then checks which writes came before it. When the room was closed or was full
  before the peer's write, the join rolls the write back and fails.
- A room is closed in two steps: a write of the closing marker, then the removal. The closing replica finds a peer that
  was written before the marker and removes the marker. A join that finds the marker after its own write removes the
  marker itself. So no join is acknowledged in a room that disappears.
- A hidden peer keeps no room open, and removes no closing marker, unless it waits in the lobby. Each group of a room's
  peers has a limit of its own (`room_groups`).
- The limit of a tenant's peers holds for participants and audiences: whoever may join may join an audience.
- A join obeys what moderators have decided before the peer's write. What they decide after it is applied to the peer by
  their own writes, or by the second check of the join.
- A peer's id is used once: the tombstone of a peer that left refuses a join that arrives late.
"""

from __future__ import annotations

import asyncio

from hubbub_bus import KeyConflict, operation_id, retry_on_conflict, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.peer import JoinRoom, LeaveReason
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.encoded import Encoded

from ..domain.limits import over_limit
from ..domain.moderation import Entry, Newcomer, entry
from ..domain.ports import PeerDeparted, RoomStore
from ..domain.relocation import move_peer
from ..domain.room_groups import OF_TENANT, group_of, group_of_role, limit_of, require_seat, room_full
from ..domain.rooms import Room, Rooms
from ..domain.snapshot import snapshot_with
from ..domain.stored_record import StoredPeer, StoredRoom
from .context import RegistryContext
from .lobby import settle_entry
from .room import reopen
from .room_bytes import require_room_bytes

PLACEMENT_CHECK_INTERVAL = 0.05
PLACEMENT_CHECKS = 16
"""How often a join checks a placement whose incarnation is neither live nor ended, before it gives up."""


async def join(context: RegistryContext, request: JoinRoom) -> Encoded[RoomSnapshot]:
    """Adds the peer and returns the room; repeating the request returns the room again.

    Raises `room_not_found`, `banned`, `room_locked`, `not_admitted`, `quota_exceeded` for a room with too many peers or
    bytes, `conflict` when the peer id belongs to another user or signaling instance, `invalid_state` when the peer has
    left before, `cancelled` when the peer is removed meanwhile, and `unavailable` when no media node can take the room.
    """
    await context.store.ready()
    try:
        await retry_on_conflict(lambda: _write_peer(context, request))
    except HubbubError as refusal:
        if refusal.retryable:
            raise
        # Another replica may have stored a moment ago what allows the join.
        await context.store.refresh_room(request.room_id)
        await retry_on_conflict(lambda: _write_peer(context, request))
    return await retry_on_conflict(lambda: _confirm(context, request))


async def _write_peer(context: RegistryContext, request: JoinRoom) -> None:
    """Writes the peer's key, unless an earlier attempt of the same join has."""
    room, settings = _open_room(context.store.rooms, request.room_id)
    existing = room.peers.get(request.peer_id)
    if existing is not None:
        if not _is_repeated(existing.record, request):
            raise HubbubError(ErrorCode.CONFLICT, "peer id is already in use")
        return
    role = "waiting" if _entry(settings, request) is Entry.WAITS else request.role
    group = group_of_role(role)
    require_seat(context.limits, room, settings, group)
    tenants = context.limits.peers_per_tenant
    if group in OF_TENANT and tenants is not None and context.store.rooms.members_of(_tenant(request)) >= tenants:
        raise _tenant_full(tenants)
    placement = await _place(context, request.room_id, request.region)
    record = PeerRecord(
        room_id=request.room_id,
        peer_id=request.peer_id,
        user_id=request.user_id,
        display_name=request.display_name,
        app_data=request.app_data,
        role=role,
        admit_as=request.role,
        whip=request.whip,
        joined_at=unix_ms(),
        signaling_id=request.signaling_id,
        signaling_epoch=request.signaling_epoch,
        claim_id=request.claim_id,
        resume_digest=request.resume_digest,
        placement=placement,
        operation_id=operation_id(),
        room_role=request.room_role,
        region=request.region,
        make_before_break=request.make_before_break,
    )
    require_room_bytes(context, room, record)
    try:
        await context.store.wait_for(await context.store.put_peer(record, 0))
    except PeerDeparted as error:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer has left: join with a new peer id") from error


async def _confirm(context: RegistryContext, request: JoinRoom) -> Encoded[RoomSnapshot]:
    """Checks the peer's write against the writes before it, which the copy of the store contains by now."""
    store = context.store
    room, peer = store.rooms.get(request.room_id), store.rooms.find_peer(request.room_id, request.peer_id)
    if room is None or peer is None:
        raise _removed_meanwhile()
    if room.settings is None:
        await _roll_back(store, request, "room_closed")
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room was closed")
    group = group_of(peer)
    limit = limit_of(context.limits, room.settings, group)
    others = (other.created for other in room.peers.values() if other is not peer and group_of(other) == group)
    if len(room.peers) > limit and over_limit(limit, peer.created, others):
        await _roll_back(store, request, "removed")
        raise room_full(context.limits, room.settings, group)
    if group in OF_TENANT and _exceeds_tenant(context, request, peer):
        await _roll_back(store, request, "removed")
        raise _tenant_full(context.limits.peers_per_tenant)
    try:
        decided = _entry(room.settings, request, admitted=peer.record.admitted)
    except HubbubError:
        await _roll_back(store, request, "room_closed" if room.settings.ended else "removed")
        raise
    try:
        await settle_entry(context, peer.record, peer.revision, decided)
    except PeerDeparted as error:
        raise _removed_meanwhile() from error
    peer = store.rooms.find_peer(request.room_id, request.peer_id)
    if peer is None:
        raise _removed_meanwhile()
    if room.settings is None:
        raise KeyConflict(request.room_id)
    if room.settings.closing and peer.keeps_open:
        await reopen(store, room.settings)
    if peer.placement is None or context.nodes.has_ended(peer.placement):
        await _move(context, peer)
    room = store.rooms.get(request.room_id)
    answer = snapshot_with(room, store.sequence, request.peer_id, request.known_revision)
    if answer is None:
        raise KeyConflict(request.room_id)
    return answer


async def _move(context: RegistryContext, peer: StoredPeer) -> None:
    """Places a peer again, whose node ended after its join had chosen it."""
    try:
        placement = await _place(context, peer.room_id, peer.region)
        moved = move_peer(peer.record, placement, operation_id())
        await context.store.wait_for(await context.store.put_peer(moved, peer.revision))
    except PeerDeparted as error:
        raise _removed_meanwhile() from error


async def _place(context: RegistryContext, room_id: str, region: str | None) -> Placement:
    """Returns a placement for a peer of this region.

    Stores a new home for a room that has none or an ended one, or one that takes no peers and has none of the room.
    Raises `room_not_found`, KeyConflict and `unavailable`.
    """
    for _ in range(PLACEMENT_CHECKS):
        room, settings = _open_room(context.store.rooms, room_id)
        home, placer = settings.placement, context.placer()
        live = home if home is not None and context.nodes.is_live(home) else None
        if live is not None and (context.nodes.takes_peers(live) or _hosts(live, room)):
            return placer.place_peer(room_id, room, live, region)
        if live is not None or home is None or context.nodes.has_ended(home):
            home = placer.place_room(room, region)
            if home is None and live is not None:
                return placer.place_peer(room_id, room, live, region)
            if home is None:
                raise HubbubError(ErrorCode.UNAVAILABLE, "no media node accepts rooms now", retryable=True)
            record = settings.record.model_copy(update={"placement": home, "operation_id": operation_id()})
            await context.store.put_room(record, settings.revision)
            return placer.place_peer(room_id, room, home, region)
        await asyncio.sleep(PLACEMENT_CHECK_INTERVAL)
    raise HubbubError(ErrorCode.UNAVAILABLE, "the room's media node does not answer", retryable=True)


def _hosts(placement: Placement, room: Room) -> bool:
    """Whether somebody of the room is there, whom newcomers may not reach from another node."""
    return any(peer.placement == placement for peer in room.peers.values())


def _open_room(rooms: Rooms, room_id: str) -> tuple[Room, StoredRoom]:
    room = rooms.get(room_id)
    if room is None or room.settings is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room: create it first")
    return room, room.settings


def _is_repeated(existing: PeerRecord, request: JoinRoom) -> bool:
    """Whether an earlier attempt of `request` wrote the record. Older versions write no claim."""
    same_owner = (existing.user_id, existing.signaling_id) == (request.user_id, request.signaling_id)
    return same_owner and existing.claim_id in (None, request.claim_id)


async def _roll_back(store: RoomStore, request: JoinRoom, reason: LeaveReason) -> None:
    async def attempt() -> None:
        peer = store.rooms.find_peer(request.room_id, request.peer_id)
        if peer is not None:
            await store.purge_peer(request.room_id, request.peer_id, peer.revision, reason)

    await retry_on_conflict(attempt)


def _removed_meanwhile() -> HubbubError:
    return HubbubError(ErrorCode.CANCELLED, "the peer was removed during its join")


def _entry(settings: StoredRoom, request: JoinRoom, *, admitted: bool = False) -> Entry:
    newcomer = Newcomer(request.user_id, request.role, request.exempt, request.may_wait, admitted)
    return entry(settings.record.rules, newcomer)


def _tenant(request: JoinRoom) -> str | None:
    return ids.tenant(request.room_id)


def _exceeds_tenant(context: RegistryContext, request: JoinRoom, peer: StoredPeer) -> bool:
    """Whether the tenant had as many participants and audience as it may before this one was stored."""
    limit, rooms, tenant = context.limits.peers_per_tenant, context.store.rooms, _tenant(request)
    if limit is None or rooms.members_of(tenant) <= limit:
        return False
    others = (
        each.created
        for room_id, room in rooms
        if ids.tenant(room_id) == tenant
        for each in room.peers.values()
        if each is not peer and group_of(each) in OF_TENANT
    )
    return over_limit(limit, peer.created, others)


def _tenant_full(limit: int | None) -> HubbubError:
    return QuotaExceeded("peersOfTenant", f"the rooms of this tenant can have at most {limit} peers")
