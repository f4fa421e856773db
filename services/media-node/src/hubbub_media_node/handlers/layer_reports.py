"""Reports the layers that a consumer receives to its peer's session."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerLayersChanged
from hubbub_contracts.layers import ConsumerLayers

from ..domain.closures import PeerEvent
from ..domain.consumer_layers import has_layers
from ..domain.entities import Consumer
from .context import NodeContext


def report_layers(context: NodeContext, consumer: Consumer, layers: ConsumerLayers | None) -> None:
    """Reports a change. `layers` None: the consumer receives nothing. One without layers is not reported."""
    if consumer.layers == layers or not has_layers(consumer.created):
        return
    consumer.layers = layers
    event = ConsumerLayersChanged(consumer_id=consumer.id, layers=layers)
    context.media_events.publish(PeerEvent(consumer.room_id, consumer.peer_id, event))
