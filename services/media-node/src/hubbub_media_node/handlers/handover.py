"""Switches the consumers of producers that are on another node than before to their successors (ADR 48).

Decisions are in `domain.handover`. A handover goes on at each change of the room's records, when the core has switched
consumers, and periodically.
"""

from __future__ import annotations

import time

import structlog

from hubbub_contracts.errors import HubbubError
from hubbub_media_core import commands, events

from ..domain.close_request import SILENT
from ..domain.entities import AnyProducer, Producer, Room
from ..domain.entity_store import Source
from ..domain.handover import Handover
from ..domain.incoming_links import RemoteProducer
from ..domain.negotiation import is_same_track
from .closing import close_producer, close_transport
from .context import NodeContext
from .layer_reports import report_withheld_encodings
from .link_pauses import report_link_pause
from .pipes import set_paused, tell_core
from .remote_producers import find_source
from .score_reports import report_withheld_score

_log = structlog.get_logger(__name__)


def tend_handovers(context: NodeContext, room: Room, now: float) -> None:
    """Goes on with what is to be handed over. `now` is seconds of a monotonic clock."""
    for producer in list(room.producers()):
        _follow(context, producer)
    for copy in (*room.producers(), *context.entities.incoming.of_room(room)):
        if (copy.has_left or _is_taken_for_live(context, copy)) and not copy.is_closing:
            _go_on(context, copy, now)
    for transport in list(room.transports()):
        if transport.close_when_left and transport.close_request is None and not transport.is_needed:
            context.tasks.spawn(close_transport(context, transport, SILENT), "close-left-transport")
    tell_core(context)


def switch_consumers(context: NodeContext, event: events.ProducerReplaced) -> None:
    """The core has switched the consumers of a producer to its successor."""
    former = context.entities.origin_by_core_id(event.producer)
    context.entities.replacements.end(event.producer)
    for consumer in context.entities.move_consumers(event.producer, event.successor):
        report_link_pause(context, consumer)
    if former is not None and former.handover is not None:
        former.handover.replaced(event.producer)
        tend_handovers(context, former.room, time.monotonic())


def _follow(context: NodeContext, producer: Producer) -> None:
    """Tells the peer what it was not told while its producer was elsewhere, and pauses one that it has left."""
    placed = producer.room.view.producer(producer.id)
    if producer.withheld and not producer.is_hidden:
        producer.withheld = False
        report_withheld_encodings(context, producer)
        report_withheld_score(context, producer)
    if placed is not None and not producer.is_elsewhere:
        producer.handover = None
    if placed is not None and placed.record.paused and not producer.paused and producer.has_left:
        context.tasks.spawn(_pause(context, producer), "pause-left-producer")


async def _pause(context: NodeContext, producer: Producer) -> None:
    async with context.locks.of(producer.room_id, producer.peer_id):
        if context.entities.producer_by_core_id(producer.core_id) is producer and not producer.paused:
            await set_paused(context, producer, paused=True)


def _is_taken_for_live(context: NodeContext, copy: AnyProducer) -> bool:
    """Whether somebody consumes a copy that stands by: when it was asked for, this node did not know that."""
    stands_by = isinstance(copy, Producer) and copy.stands_by and copy.is_elsewhere
    return stands_by and bool(context.entities.consumed_sources(copy))


def _go_on(context: NodeContext, former: AnyProducer, now: float) -> None:
    if former.handover is None:
        is_lost = isinstance(former, RemoteProducer) and former.room.view.has_lost(former.id, former.origin)
        former.handover = Handover(since=now, ended=is_lost)
    entities, handover = context.entities, former.handover
    used = entities.used_sources(former) if former.has_left else entities.consumed_sources(former)
    asking = [source for source in used if not _waits(context, source)]
    step = handover.next_step(
        now,
        len(used),
        len(asking),
        is_here=isinstance(former, Producer),
        is_sent=entities.outgoing.is_sent(former),
        stays=not former.has_left,
    )
    match step:
        case "close":
            _close(context, former, handover)
        case "get successor" if handover.is_due(now):
            handover.getting = True
            context.tasks.spawn(_switch(context, former, handover, asking), "hand-over")


def _waits(context: NodeContext, source: Source) -> bool:
    """Whether the core was asked to replace a source by a successor that still is the right one."""
    asked = context.entities.replacements.successor_of(source.core_id)
    successor = None if asked is None else context.entities.origin_by_core_id(asked)
    return successor is not None and not successor.is_closing and not successor.has_left


async def _switch(context: NodeContext, former: AnyProducer, handover: Handover, sources: list[Source]) -> None:
    """Gets the successor to the routers of these sources, and asks the core to replace them."""
    try:
        for source in sources:
            successor, core_id = await find_source(context, source.router, former.id, None)
            if successor is former:
                return  # no other path works
            if not is_same_track(former, successor):
                _log.warning("a producer was replaced by one with other codecs", room_id=former.room.id)
                if former.has_left:
                    _close(context, former, handover)
                handover.failed(time.monotonic())
                return
            await _replace(context, handover, source, core_id)
    except HubbubError as error:
        handover.failed(time.monotonic())
        _log.debug("a producer could not be handed over, repeating it later", error=error.message)
    finally:
        handover.getting = False
    if handover.ended:
        tend_handovers(context, former.room, time.monotonic())  # they need not wait for the successor


async def _replace(context: NodeContext, handover: Handover, source: Source, successor: int) -> None:
    replacements, was_new = context.entities.replacements, handover.is_new
    before = replacements.ask(source.core_id, successor)  # before the call: `ProducerReplaced` may precede the reply
    handover.is_new = False
    try:
        command = commands.ReplaceProducer(producer=source.core_id, successor=successor)
        await context.call(source.router.worker, command)
    except HubbubError:
        replacements.refused(source.core_id, successor, before)
        handover.is_new = was_new
        raise


def _close(context: NodeContext, former: AnyProducer, handover: Handover) -> None:
    """Closes a copy. The core switches the consumers that wait for its successor, and closes the others."""
    if isinstance(former, RemoteProducer):
        former.origin_closed = True
        context.entities.incoming.close(former)
        tell_core(context)
    elif isinstance(former, Producer) and not handover.closing:
        handover.closing = True
        context.tasks.spawn(_close_here(context, former, handover), "close-left-producer")


async def _close_here(context: NodeContext, former: Producer, handover: Handover) -> None:
    try:
        async with context.locks.of(former.room_id, former.peer_id):
            await close_producer(context, former, SILENT)
    finally:
        handover.closing = False
