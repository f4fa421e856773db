"""Carries every microphone of a room to every router that the room has here.

Each router detects speakers and applies last-N audio by the same levels, whether or not somebody there consumes the
microphone (ADR 44).
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from hubbub_contracts.errors import HubbubError

from ..domain.entities import AnyProducer, Room, Router
from ..domain.room_view import PlacedProducer
from .context import NodeContext
from .pipes import producer_on
from .remote_producers import open_remote


async def share_microphones(context: NodeContext, room: Room) -> None:
    """Gets the microphones of other nodes, and carries all of them to the routers here.

    What fails is repeated by `tend_microphones`. A node that does not answer holds up nothing else.
    """
    await asyncio.gather(
        room.getting_microphones.run(partial(_get_all, context, room)),
        room.carrying_microphones.run(partial(_carry_all, context, room)),
    )


def tend_microphones(context: NodeContext) -> None:
    """Gets what is missing. Call it periodically."""
    for room in context.entities.rooms.values():
        if has_missing_microphones(context, room):
            context.tasks.spawn(share_microphones(context, room), "share-microphones")


def has_missing_microphones(context: NodeContext, room: Room) -> bool:
    """Whether a router here does not hear all microphones of the room."""
    return bool(_missing_here(context, room) or _missing_on_routers(context, room))


def _missing_here(context: NodeContext, room: Room) -> list[PlacedProducer]:
    """The microphones of other nodes that this one does not have, if somebody here hears them."""
    if not room.is_heard():
        return []
    incoming = context.entities.incoming
    return [
        each
        for each in room.view.remote_speech()
        if each.placement is not None and incoming.find(room, each.record.producer_id, each.placement) is None
    ]


def _missing_on_routers(context: NodeContext, room: Room) -> list[tuple[AnyProducer, Router]]:
    """The microphones that this node has, and a router does not hear."""
    if len(room.routers) < 2 or room.is_idle:
        return []
    entities = context.entities
    present = (each for each in room.producers() if not each.stands_by)
    producers: list[AnyProducer] = [*present, *entities.incoming.of_room(room)]
    return [
        (producer, router)
        for producer in producers
        if producer.is_microphone and not producer.is_closing and not producer.has_left
        for router in room.routers.values()
        if router is not producer.router and entities.pipes.find(producer, router) is None
    ]


async def _get_all(context: NodeContext, room: Room) -> None:
    await asyncio.gather(*(_get(context, room, each) for each in _missing_here(context, room)))


async def _carry_all(context: NodeContext, room: Room) -> None:
    for producer, router in _missing_on_routers(context, room):
        with contextlib.suppress(HubbubError):
            await producer_on(context, producer, router)


async def _get(context: NodeContext, room: Room, placed: PlacedProducer) -> None:
    router = next(iter(room.routers.values()), None)
    if router is not None and placed.placement is not None:
        with contextlib.suppress(HubbubError):
            await open_remote(context, router, placed.record.producer_id, placed.placement)
            await room.carrying_microphones.run(partial(_carry_all, context, room))
