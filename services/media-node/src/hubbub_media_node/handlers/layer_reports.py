"""Reports the layers that a consumer receives to its peer's session."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerLayersChanged
from hubbub_contracts.layers import ConsumerLayers

from ..domain.closures import to_owner
from ..domain.consumer_layers import has_layers
from ..domain.entities import Consumer
from .context import NodeContext


def report_layers(context: NodeContext, consumer: Consumer, layers: ConsumerLayers | None) -> None:
    """Reports a change. `layers` None: the consumer receives nothing. One without layers is not reported."""
    if consumer.layers == layers or not has_layers(consumer.created):
        return
    consumer.layers = layers
    context.media_events.publish(to_owner(consumer, ConsumerLayersChanged(consumer_id=consumer.id, layers=layers)))
