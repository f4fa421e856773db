"""Updating a room's settings: read them, decide, and replace exactly the revision that was read."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation_records import UNMODERATED, Moderation
from hubbub_contracts.bus.records import RoomRecord
from hubbub_contracts.room_options import RoomOptions

from ..domain.rooms import Room
from ..domain.stored_record import StoredRoom
from .context import RegistryContext
from .room_bytes import require_room_bytes

Decide = Callable[[Moderation], Moderation | None]
"""Returns the new moderation, or None when nothing is to be written."""


async def update_moderation(context: RegistryContext, room_id: str, decide: Decide) -> int:
    """Applies `decide` to the decisions of moderators: see `_update`."""

    def change(record: RoomRecord) -> RoomRecord | None:
        decided = decide(record.moderation or UNMODERATED)
        return None if decided is None else record.model_copy(update={"moderation": decided})

    return await _update(context, room_id, change)


async def update_options(context: RegistryContext, room_id: str, choose: Callable[[RoomOptions], RoomOptions]) -> int:
    """Applies `choose` to the options of the application: see `_update`."""

    def change(record: RoomRecord) -> RoomRecord | None:
        chosen = choose(record.chosen)
        return None if chosen == record.options else record.model_copy(update={"options": chosen})

    return await _update(context, room_id, change)


async def _update(context: RegistryContext, room_id: str, change: Callable[[RoomRecord], RoomRecord | None]) -> int:
    """Replaces the settings, and returns their revision. The copy of the store then contains that revision.

    Raises `room_not_found`, `quota_exceeded`, `unavailable`, and the exceptions of `change`.
    """
    store = context.store
    await store.ready()

    async def attempt() -> int:
        # Read the store first: a decision that turns out to change nothing must not be made on an outdated copy.
        await store.refresh_room(room_id)
        room, settings = open_room(context, room_id)
        changed = change(settings.record)
        if changed is None:
            return settings.revision
        require_room_bytes(context, room, changed)
        return await store.put_room(changed.model_copy(update={"operation_id": operation_id()}), settings.revision)

    revision = await retry_on_conflict(attempt)
    await store.wait_for(revision)
    return revision


def open_room(context: RegistryContext, room_id: str) -> tuple[Room, StoredRoom]:
    """The room and its settings. Raises `room_not_found`, also for a room that a moderator closed."""
    room = context.store.rooms.get(room_id)
    if room is None or room.settings is None or room.settings.ended:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    return room, room.settings
