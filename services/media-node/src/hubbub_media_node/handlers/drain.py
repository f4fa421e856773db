"""`drain`: an operator stops this node from elsewhere. And whom a node that drains waits for (ADR 48)."""

from __future__ import annotations

import structlog

from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import DrainNode

from ..domain.room_view import Movers
from .context import NodeContext

_log = structlog.get_logger(__name__)


async def drain(context: NodeContext, _request: DrainNode) -> Done:
    """Stops the node in order: it drains first. The endpoint sends this reply before it ends."""
    _log.info("stopping", reason="an operator drains this node")
    context.stop()
    return Done()


def count_movers(context: NodeContext) -> Movers:
    """The peers that leave this node before it ends, and those whose clients could, or may: a room is not known yet."""
    leaving = staying = coming = 0
    for room in context.entities.rooms.values():
        movers = room.view.movers()
        leaving += movers.leaving
        staying += movers.staying if context.replicas.is_complete(room.id) else len(room.peer_ids())
        coming += movers.coming
    return Movers(leaving, staying, coming)


def count_behind(context: NodeContext) -> int:
    """The producers that are on another node now, and that somebody still gets from here."""
    return sum(producer.has_left for room in context.entities.rooms.values() for producer in room.producers())
