"""Peers whose standby this node is: they get nothing from here until the room's records place them here (ADR 51).

| the record places the peer      | its consumers                  | its producers                                    |
|---------------------------------|--------------------------------|--------------------------------------------------|
| elsewhere, and its standby here | get nothing                    | are paused as the records say; nobody gets them  |
| here                            | get what it did not pause      | are the room's                                   |
| elsewhere                       | are closed: the peer departs   | are closed                                       |
"""

from __future__ import annotations

from collections.abc import Collection

import structlog

from hubbub_contracts.errors import HubbubError
from hubbub_media_core import CoreError, commands

from ..domain.entities import Producer, Room, Transport
from .context import NodeContext
from .layer_reports import report_layers
from .link_messages import tell_node
from .pipes import set_paused

_log = structlog.get_logger(__name__)


def tend_standbys(context: NodeContext, room: Room, peer_ids: Collection[str] | None = None) -> None:
    """Follows the room's records. Call it at each change of them, and periodically: what failed is repeated.

    `peer_ids`: those whose records have changed; None: all.
    """
    for transport in [each for each in room.transports() if peer_ids is None or each.peer_id in peer_ids]:
        _hold_or_release(context, transport)
        for producer in transport.producers.values():
            if producer.stands_by or producer.peer_id in room.view.standing_by:
                _follow(context, producer)
    if room.is_idle != room.has_held_peers_only():
        room.is_idle = not room.is_idle
        for link in context.entities.incoming.links:
            if link.router.room is room and link.transport.exists:
                link.due = 0.0
                tell_node(context, link)


def _hold_or_release(context: NodeContext, transport: Transport) -> None:
    view, held = transport.room.view, transport.room.view.holds(transport.peer_id)
    is_settled = transport.held == held or not view.knows(transport.peer_id)
    if is_settled or (held and transport.peer_id not in view.standing_by):
        return
    for consumer in transport.consumers.values():
        runs = not consumer.paused and not held
        if consumer.runs == runs:
            continue
        command = commands.ResumeConsumer if runs else commands.PauseConsumer
        try:
            context.core.send(transport.worker, command(consumer=consumer.core_id))
        except CoreError as error:
            _log.warning("could not hold or release a consumer, repeating it later", error=str(error))
            return
        consumer.runs = runs
        if held:
            report_layers(context, consumer, None)
    transport.held = held


def _follow(context: NodeContext, producer: Producer) -> None:
    """Its peer pauses and resumes the producer of the other node: this one is as the records say, or paused.

    A record that precedes a pause of its peer must not undo it: nobody would repeat the pause after the promotion.
    """
    placed = producer.room.view.producer(producer.id)
    if placed is None:
        return  # not registered yet, or closed: `reconciliation` decides
    paused = placed.record.paused or _must_pause(producer)
    if producer.paused != paused:
        context.tasks.spawn(_set_paused(context, producer, paused), "pause-standby-producer")
    producer.stands_by = producer.is_elsewhere or producer.paused != paused


def _must_pause(producer: Producer) -> bool:
    return producer.is_muted() or producer.paused_by_peer


async def _set_paused(context: NodeContext, producer: Producer, paused: bool) -> None:
    async with context.locks.of(producer.room_id, producer.peer_id):
        is_here = context.entities.producer_by_core_id(producer.core_id) is producer
        if is_here and producer.stands_by and producer.paused != paused and (paused or not _must_pause(producer)):
            try:
                await set_paused(context, producer, paused=paused)
            except HubbubError as error:
                _log.debug("could not pause or resume a producer, repeating it later", error=error.message)
            else:
                producer.stands_by = producer.is_elsewhere
