"""`moderation.close-room`: ends a room with everybody in it.

Rules
- The settings are marked as ended first. From then on nobody joins, and a join that came at the same moment is rolled
  back (`join`), so that no peer is left when the settings are removed.
- Any replica finishes what another one has begun: a repeated request, the creation of the room, and the sweep do.
"""

from __future__ import annotations

from functools import partial

from hubbub_bus import retry_on_conflict
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.moderation import CloseRoom

from ..domain import moderation as rules
from .concurrent_writes import run_writes
from .context import RegistryContext
from .remove_peer import remove_peer
from .update_room import update_moderation


async def close_room(context: RegistryContext, request: CloseRoom) -> Done:
    """Closes the room. Succeeds when there is none. Raises `unavailable`."""
    try:
        await update_moderation(context, request.room_id, rules.ended)
    except HubbubError as error:
        if error.code is not ErrorCode.ROOM_NOT_FOUND:
            raise
    await finish_close(context, request.room_id)
    return Done()


async def finish_close(context: RegistryContext, room_id: str) -> None:
    """Removes the peers of an ended room, and the room. Does nothing when it is not ended. Raises `unavailable`."""
    store = context.store

    async def attempt() -> None:
        await store.refresh_room(room_id)
        room = store.rooms.get(room_id)
        if room is None or room.settings is None or not room.settings.ended:
            return
        removals = [partial(remove_peer, store, room_id, peer_id, "room_closed") for peer_id in room.peers]
        if not all(await run_writes("close-room", removals)):
            raise HubbubError(ErrorCode.UNAVAILABLE, "not everybody could be removed", retryable=True)
        await store.purge_room(room_id, room.settings.revision, "closed")

    await retry_on_conflict(attempt)
