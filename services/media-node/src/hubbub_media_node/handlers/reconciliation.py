"""Closes peers and producers that the registry does not confirm (docs/closures.md, row 10), and pauses muted ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import structlog

from hubbub_service import report_failure

from ..domain.close_request import SILENT, UNCONFIRMED
from ..domain.entities import Room
from ..domain.room_view import EntityKey
from .closing import close_producer, close_router, close_transports
from .context import NodeContext
from .handover import tend_handovers
from .link_messages import tell_nodes
from .link_states import tend_lost_links
from .microphones import tend_microphones
from .mutes import muted_running, pause_muted
from .pipes import tend_pipes
from .remote_producers import follow_paths, tend_remote_producers
from .standbys import tend_standbys

_log = structlog.get_logger(__name__)

INTERVAL = 0.5
"""Seconds between two checks."""


async def reconcile_periodically(context: NodeContext) -> None:
    """Runs until cancelled."""
    while True:
        await asyncio.sleep(INTERVAL)
        reconcile(context, time.monotonic())


def reconcile(context: NodeContext, now: float) -> None:
    """Starts to close every object whose confirmation timeout has expired. `now` is seconds of a monotonic clock."""
    for room in list(context.entities.rooms.values()):
        try:
            _reconcile_room(context, room, now)
        except Exception as error:  # noqa: BLE001  a bug in one room must not end the node, and all calls with it
            report_failure("a room was not reconciled", error, room_id=room.id)
    tend_pipes(context, now)
    tend_lost_links(context, now)
    tell_nodes(context, now)
    tend_microphones(context)


def _reconcile_room(context: NodeContext, room: Room, now: float) -> None:
    complete = context.replicas.is_complete(room.id)
    expired = room.confirmations.expired(now, room.entity_keys(), room.view.confirmed(), complete=complete)
    if expired:
        _log.warning("closing objects that are missing from their room", room_id=room.id, count=len(expired))
        context.tasks.spawn(_close_expired(context, room, expired), "close-unconfirmed")
    if complete:
        tend_remote_producers(context, room, now)
    tend_standbys(context, room)
    follow_paths(context, room, now)
    tend_handovers(context, room, now)
    for router in context.entities.remove_idle_routers(room):
        close_router(context, router)
    if muted_running(room):  # a former attempt failed
        context.tasks.spawn(pause_muted(context, room.id), "pause-muted")


async def _close_expired(context: NodeContext, room: Room, expired: Iterable[EntityKey]) -> None:
    # "peer" sorts before "producer": closing a peer closes its producers too.
    for key in sorted(expired):
        kind, entity_id = key
        producer = context.entities.producers.get(entity_id) if kind == "producer" else None
        if kind == "producer" and producer is None:
            continue
        async with context.locks.of(room.id, entity_id if producer is None else producer.peer_id):
            if key in room.view.confirmed():  # meanwhile
                continue
            if producer is None:
                await close_transports(context, room.id, entity_id, UNCONFIRMED)
            else:
                # Of one that has not moved here, or stands by, its client knows the one on the other node only.
                is_unknown = producer.is_elsewhere or producer.stands_by
                await close_producer(context, producer, SILENT if is_unknown else UNCONFIRMED)
