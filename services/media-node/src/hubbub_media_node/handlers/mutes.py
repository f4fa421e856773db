"""Producers that a moderator's decision silences are paused here, whether or not their signaling session lives.

Rules
- A decision mutes a source of a user, or makes the user a listener. Both are "muted" in the names below.
- The room's replica says what is muted. A muted producer is paused as soon as the replica says so, is created paused,
  and cannot be resumed.
- A lifted mute resumes nothing: the client does.
"""

from __future__ import annotations

from ..domain.entities import Producer, Room
from .context import NodeContext
from .pipes import set_paused


def muted_running(room: Room) -> list[Producer]:
    """The producers of the room that a mute must pause."""
    return [each for each in room.producers() if not each.paused and each.close_request is None and each.is_muted()]


async def pause_muted(context: NodeContext, room_id: str) -> None:
    """Pauses the producers of muted sources. Raises HubbubError; `reconciliation` then tries again."""
    room = context.entities.rooms.get(room_id)
    for producer in [] if room is None else muted_running(room):
        async with context.locks.of(room_id, producer.peer_id):
            if context.entities.producers.get(producer.id) is producer:
                await pause_if_muted(context, producer)


async def pause_if_muted(context: NodeContext, producer: Producer) -> None:
    """Pauses a producer whose source is muted. The caller holds the peer's lock. Raises HubbubError."""
    if producer.is_muted() and not producer.paused:
        await set_paused(context, producer, paused=True)
