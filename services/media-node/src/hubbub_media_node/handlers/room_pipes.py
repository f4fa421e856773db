"""The pipes of a room within, from and to this node, with their bitrates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.errors import HubbubError
from hubbub_contracts.rtc_stats import PipeEnd, RoomPipe
from hubbub_media_core.commands import ProducerStats

from ..domain.entities import Room
from ..domain.pipes import CoreObject
from .context import NodeContext


@dataclass(frozen=True, slots=True)
class SeenPipe:
    """A pipe as this node has it."""

    shown: RoomPipe
    far: CoreObject | None
    """The producer at its target; None: that is on another node."""


def pipes_of(context: NodeContext, room: Room) -> Iterator[SeenPipe]:
    """The open pipes of a room, those from and to other nodes first."""
    here = context.lease.placement.node_id
    yield from _to_nodes(context, room, here)
    yield from _from_nodes(context, room, here)
    yield from _between_workers(context, room, here)


async def with_bitrate(context: NodeContext, pipe: SeenPipe) -> RoomPipe:
    """The pipe with the bitrate that arrives here, unless it closes meanwhile."""
    far = pipe.far
    if far is not None:
        with contextlib.suppress(HubbubError):
            read = await context.call(far.worker, ProducerStats(producer=far.core_id))
            return pipe.shown.model_copy(update={"bitrate": sum(stream["bitrate"] for stream in read["streams"])})
    return pipe.shown


def _to_nodes(context: NodeContext, room: Room, here: str) -> Iterator[SeenPipe]:
    for link in context.entities.outgoing.links:
        if link.router.room is not room:
            continue
        for pipe in link.carried:
            if pipe.opened is not None and not pipe.closing:
                shown = RoomPipe(
                    producer_id=pipe.origin.id,
                    origin=PipeEnd(node_id=here, worker=link.router.worker),
                    target=PipeEnd(node_id=link.node.node_id),
                    connected=link.connected,
                    encodings=list(pipe.state),
                )
                yield SeenPipe(shown, far=None)


def _from_nodes(context: NodeContext, room: Room, here: str) -> Iterator[SeenPipe]:
    for remote in context.entities.incoming.of_room(room):
        if remote.end.exists:
            shown = RoomPipe(
                producer_id=remote.id,
                origin=PipeEnd(node_id=remote.link.node.node_id),
                target=PipeEnd(node_id=here, worker=remote.router.worker),
                connected=remote.link.connected,
                encodings=list(remote.wanted),
            )
            yield SeenPipe(shown, remote.end)


def _between_workers(context: NodeContext, room: Room, here: str) -> Iterator[SeenPipe]:
    for producer in (*room.producers(), *context.entities.incoming.of_room(room)):
        for pipe in context.entities.pipes.of(producer):
            if pipe.is_open:
                shown = RoomPipe(
                    producer_id=producer.id,
                    origin=PipeEnd(node_id=here, worker=producer.router.worker),
                    target=PipeEnd(node_id=here, worker=pipe.router.worker),
                    encodings=list(pipe.state.encodings),
                )
                yield SeenPipe(shown, pipe.producer)
