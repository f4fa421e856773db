"""`captions.start` and `captions.stop`.

A room has captions while a hidden peer of the role `captions` is in it. The peer's record names the instance, so there
is no other state that could disagree. Two instances that enter a room at once both see it: the later one leaves.
"""

from __future__ import annotations

from hubbub_contracts import Done
from hubbub_contracts.bus.captions import StartCaptions, StopCaptions

from .context import CaptionsContext


async def start(context: CaptionsContext, request: StartCaptions) -> Done:
    """Enters the room, unless an instance is in it. Raises HubbubError."""
    room_id = request.room_id
    async with context.lock:
        if await context.rooms.servers(room_id):
            return Done()
        context.prepare()
        await context.rooms.open(room_id)
        if (await context.rooms.servers(room_id))[:1] != [context.server_id]:
            await context.rooms.close(room_id)
        return Done()


async def stop(context: CaptionsContext, request: StopCaptions) -> Done:
    """Leaves the room, after the last segments. Succeeds when this instance is not in it."""
    async with context.lock:
        await context.rooms.close(request.room_id)
        return Done()
