"""Tells peers that nothing arrives from the node of a consumer's producer: a link between nodes is lost."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerPaused, ConsumerResumed

from ..domain.closures import to_owner
from ..domain.entities import Consumer
from ..domain.incoming_links import RemoteProducer
from .context import NodeContext


def report_link_pauses(context: NodeContext, remote: RemoteProducer) -> None:
    """As `report_link_pause`, for all consumers of a producer of another node."""
    for consumer in context.entities.consumers_of(remote):
        report_link_pause(context, consumer)


def report_link_pause(context: NodeContext, consumer: Consumer) -> None:
    """Reports that nothing arrives from the node of a consumer's producer, or that something may arrive again."""
    origin = context.entities.origin_by_core_id(consumer.source)
    paused = origin is not None and origin.is_cut_off
    if consumer.paused_by_link == paused:
        return
    consumer.paused_by_link = paused
    event = ConsumerPaused if paused else ConsumerResumed
    context.media_events.publish(to_owner(consumer, event(consumer_id=consumer.id, reason="link")))
