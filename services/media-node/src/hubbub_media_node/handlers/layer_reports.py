"""Reports to a peer's session: the layers that its producers are to send, those that its consumers receive, and pauses
for lack of bandwidth."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerLayersChanged, ConsumerPaused, ConsumerResumed, ProducerLayersWanted
from hubbub_contracts.layers import ConsumerLayers

from ..domain.closures import to_owner
from ..domain.consumer_layers import has_layers
from ..domain.entities import Consumer
from .context import NodeContext


def report_wanted_encodings(context: NodeContext, core_id: int, encodings: list[bool]) -> None:
    """Reports the encodings of a producer that somebody receives."""
    producer = context.entities.producer_by_core_id(core_id)
    if producer is None:
        return
    producer.encodings_wanted = encodings
    context.media_events.publish(to_owner(producer, ProducerLayersWanted(producer_id=producer.id, encodings=encodings)))


def report_layers(context: NodeContext, consumer: Consumer, layers: ConsumerLayers | None) -> None:
    """Reports a change. `layers` None: the consumer receives nothing. One without layers is not reported."""
    if consumer.layers == layers or not has_layers(consumer.created):
        return
    consumer.layers = layers
    context.media_events.publish(to_owner(consumer, ConsumerLayersChanged(consumer_id=consumer.id, layers=layers)))


def report_bandwidth_pause(context: NodeContext, consumer: Consumer, paused: bool) -> None:
    """Reports that a consumer receives nothing for lack of bandwidth, or receives something again."""
    if consumer.paused_by_bandwidth == paused:
        return
    consumer.paused_by_bandwidth = paused
    event = ConsumerPaused if paused else ConsumerResumed
    context.media_events.publish(to_owner(consumer, event(consumer_id=consumer.id, reason="bandwidth")))
    if paused:
        report_layers(context, consumer, None)
