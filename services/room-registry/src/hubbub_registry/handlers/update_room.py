"""Updating a room's moderation: read the settings, decide, and replace exactly the revision that was read."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation_records import Moderation

from ..domain.rooms import Room
from ..domain.stored_record import StoredRoom
from .context import RegistryContext
from .room_bytes import require_room_bytes

Decide = Callable[[Moderation], Moderation | None]
"""Returns the new moderation, or None when nothing is to be written."""


async def update_moderation(context: RegistryContext, room_id: str, decide: Decide) -> int:
    """Applies `decide`, and returns the revision of the settings. The copy of the store then contains that revision.

    Raises `room_not_found`, `quota_exceeded`, `unavailable`, and the exceptions of `decide`.
    """
    store = context.store
    await store.ready()

    async def attempt() -> int:
        # Read the store first: a decision that turns out to change nothing must not be made on an outdated copy.
        await store.refresh_room(room_id)
        room, settings = open_room(context, room_id)
        decided = decide(settings.record.rules)
        if decided is None:
            return settings.revision
        record = settings.record.model_copy(update={"moderation": decided, "operation_id": operation_id()})
        require_room_bytes(context, room, decided)
        return await store.put_room(record, settings.revision)

    revision = await retry_on_conflict(attempt)
    await store.wait_for(revision)
    return revision


def open_room(context: RegistryContext, room_id: str) -> tuple[Room, StoredRoom]:
    """The room and its settings. Raises `room_not_found`, also for a room that a moderator closed."""
    room = context.store.rooms.get(room_id)
    if room is None or room.settings is None or room.settings.ended:
        raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
    return room, room.settings
