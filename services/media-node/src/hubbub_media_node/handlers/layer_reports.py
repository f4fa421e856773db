"""Reports to a peer's session: the layers that its producers are to send, those that its consumers receive, and pauses
for lack of bandwidth."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerLayersChanged, ConsumerPaused, ConsumerResumed, ProducerLayersWanted
from hubbub_contracts.layers import ConsumerLayers

from ..domain.closures import to_owner
from ..domain.consumer_layers import has_layers
from ..domain.entities import Consumer, Producer
from .context import NodeContext


def report_wanted_encodings(context: NodeContext, core_id: int, encodings: list[bool]) -> None:
    """Reports the encodings of a producer that somebody receives, unless its peer hears nothing of it."""
    producer = context.entities.producer_by_core_id(core_id)
    if producer is None:
        return
    producer.encodings_wanted = encodings
    if producer.is_hidden:
        producer.withheld = True
    else:
        report_withheld_encodings(context, producer)


def report_withheld_encodings(context: NodeContext, producer: Producer) -> None:
    """Reports the encodings of a producer that somebody receives, if that is known."""
    if producer.encodings_wanted is not None:
        event = ProducerLayersWanted(
            producer_id=producer.id, encodings=producer.encodings_wanted, transport_id=producer.transport.id
        )
        context.media_events.publish(to_owner(producer, event))


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
