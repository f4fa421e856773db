"""`room.create`, `room.get`, `room.update` and `room.list`."""

from __future__ import annotations

import heapq
from operator import itemgetter

from hubbub_bus import KeyConflict, operation_id, retry_on_conflict, unix_ms
from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.records import RoomRecord
from hubbub_contracts.bus.room import (
    CreateRoom,
    GetRoom,
    ListedRoom,
    ListRooms,
    RoomCreated,
    RoomPage,
    RoomSnapshot,
    UpdateRoom,
    room_nodes,
)
from hubbub_contracts.encoded import Encoded

from ..domain import codec_profile
from ..domain.limits import over_limit
from ..domain.ports import RoomStore
from ..domain.rooms import Room
from ..domain.snapshot import in_order_of_joins, snapshot
from ..domain.stored_record import StoredRoom
from ..domain.sweep import time_to_live
from .close_room import finish_close
from .context import RegistryContext
from .update_room import update_options


async def create(context: RegistryContext, request: CreateRoom) -> RoomCreated:
    """Creates the room, or restarts the time to live of an existing empty one. Raises `quota_exceeded`."""
    store = context.store
    await store.ready()
    room_id = ids.room_id(request.call_id, request.tenant)

    async def attempt() -> RoomRecord:
        await store.refresh_room(room_id)
        room = store.rooms.get(room_id)
        if room is not None and room.settings is not None and room.settings.ended:
            await finish_close(context, room_id)
            raise KeyConflict(room_id)
        if room is None or room.settings is None:
            return await _create(context, room_id, request)
        # The caller is about to join. A write is what restarts the time to live on every replica. One that another
        # replica knows to be long ago may be new to this one.
        idle = context.clock() - room.idle_since
        ageing = not room.followed or idle >= time_to_live(room.settings, context.empty_room_ttl) / 4
        if room.settings.closing or (ageing and not room.is_occupied()):
            await reopen(store, room.settings)
        return room.settings.record

    record = await retry_on_conflict(attempt)
    return RoomCreated(
        room_id=room_id,
        call_id=record.call_id,
        codec_profile=record.codec_profile,
        rtp_capabilities=codec_profile.capabilities_of(record),
    )


async def get(context: RegistryContext, request: GetRoom) -> Encoded[RoomSnapshot]:
    """Returns the room, including every write stored before the request. Raises `room_not_found`."""
    await context.store.ready()
    await context.store.refresh_all()
    room = snapshot(context.store.rooms.get(request.room_id), context.store.sequence)
    if room is None:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    return room


async def update(context: RegistryContext, request: UpdateRoom) -> Encoded[RoomSnapshot]:
    """Changes the options. Raises `room_not_found` and `quota_exceeded`."""
    changed = request.changes.model_dump(by_alias=False, exclude_none=True)
    await update_options(context, request.room_id, lambda now: now.model_copy(update=changed))
    return await get(context, GetRoom(room_id=request.room_id))


async def list_rooms(context: RegistryContext, request: ListRooms) -> RoomPage:
    """A page of the open rooms, including every write stored before the request."""
    await context.store.ready()
    await context.store.refresh_all()
    rooms = (each for each in context.store.rooms if _is_listed(*each, request))
    found = heapq.nsmallest(request.limit + 1, rooms, key=itemgetter(0))
    page = found[: request.limit]
    return RoomPage(
        rooms=[
            ListedRoom(
                room=room.settings.record,
                participants=sum(not peer.hidden for peer in room.peers.values()),
                waiting=sum(peer.waiting for peer in room.peers.values()),
                audience=sum(peer.watches for peer in room.peers.values()),
                nodes=room_nodes(room.settings.placement, (peer.placement for peer in in_order_of_joins(room))),
            )
            for _, room in page
            if room.settings is not None
        ],
        next=page[-1][0] if len(found) > len(page) else None,
    )


def _is_listed(room_id: str, room: Room, request: ListRooms) -> bool:
    if room.settings is None or room.settings.ended or (request.after is not None and room_id <= request.after):
        return False
    return ids.tenant(room_id) == request.tenant


async def reopen(store: RoomStore, settings: StoredRoom) -> None:
    """Writes the settings again without a closing marker, which restarts the time to live. Raises KeyConflict."""
    record = settings.record.model_copy(update={"closing": False, "operation_id": operation_id()})
    await store.wait_for(await store.put_room(record, settings.revision))


async def _create(context: RegistryContext, room_id: str, request: CreateRoom) -> RoomRecord:
    store, tenant = context.store, request.tenant
    if (full := _exceeded(context, tenant, more=1)) is not None:
        raise full
    record = RoomRecord(
        room_id=room_id,
        call_id=request.call_id,
        codec_profile=codec_profile.CURRENT,
        created_at=unix_ms(),
        operation_id=operation_id(),
        options=request.options,
    )
    revision = await store.put_room(record, 0)
    await store.wait_for(revision)
    if (full := _exceeded(context, tenant)) is not None and _came_late(context, tenant, full, revision):
        await store.purge_room(room_id, revision)
        raise full
    return record


def _exceeded(context: RegistryContext, tenant: str | None, more: int = 0) -> QuotaExceeded | None:
    """The limit that the rooms exceed, with so many more."""
    rooms, limits = context.store.rooms, context.limits
    if len(rooms) + more > limits.rooms:
        return QuotaExceeded("rooms", f"the limit of {limits.rooms} rooms is reached")
    if limits.rooms_per_tenant is not None and rooms.rooms_of(tenant) + more > limits.rooms_per_tenant:
        return QuotaExceeded("roomsOfTenant", f"a tenant can have at most {limits.rooms_per_tenant} rooms")
    return None


def _came_late(context: RegistryContext, tenant: str | None, full: QuotaExceeded, revision: int) -> bool:
    """Whether the room that was stored at `revision` is one of those that are too many."""
    limits, of_all = context.limits, full.limit == "rooms"
    limit = limits.rooms if of_all else (limits.rooms_per_tenant or limits.rooms)
    others = (
        room.settings.created
        for room_id, room in context.store.rooms
        if room.settings is not None and room.settings.created != revision and (of_all or ids.tenant(room_id) == tenant)
    )
    return over_limit(limit, revision, others)
