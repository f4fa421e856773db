"""Reports links between nodes that are lost, and those that are back: to the log, and to the peers whom it concerns."""

from __future__ import annotations

import structlog

from hubbub_contracts.bus.media import ConsumerPaused, ConsumerResumed
from hubbub_media_core.events import IceState

from ..domain.closures import to_owner
from ..domain.entities import Consumer
from .context import NodeContext

_log = structlog.get_logger(__name__)


def report_link_state(context: NodeContext, transport: int, state: IceState) -> bool:
    """Connectivity checks begin or cease to reach both ends of a link. False when the transport belongs to no link.

    What it carries stays: media flows again when the checks do, and the core requests the key frames.
    """
    entities = context.entities
    incoming = entities.incoming.by_transport(transport)
    link = incoming or entities.outgoing.by_transport(transport)
    if link is None:
        return False
    if link.state == state:
        return True
    link.state = state
    log = _log.info if link.connected else _log.warning
    described = "connected" if link.connected else "lost"
    log("link to another node", state=described, node_id=link.node.node_id, room_id=link.router.room.id)
    for remote in () if incoming is None else incoming.carried:
        for consumer in entities.consumers_of(remote):
            report_link_pause(context, consumer)
    return True


def report_link_pause(context: NodeContext, consumer: Consumer) -> None:
    """Reports that nothing arrives from the node of a consumer's producer, or that something may arrive again."""
    origin = context.entities.origin_by_core_id(consumer.source)
    paused = origin is not None and origin.is_cut_off
    if consumer.paused_by_link == paused:
        return
    consumer.paused_by_link = paused
    event = ConsumerPaused if paused else ConsumerResumed
    context.media_events.publish(to_owner(consumer, event(consumer_id=consumer.id, reason="link")))
