"""The changes of media that a session may have missed while it got no events from the media node."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts.bus.media import (
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    MediaEvent,
    ProducerLayersWanted,
    ProducerScoreChanged,
    TransportConnected,
)
from hubbub_contracts.bus.node import PeerDescription

from .owned_resources import pauses_of


def missed_changes(description: PeerDescription) -> Iterator[MediaEvent]:
    """Returns events that say what the description says. Those that the session knows have no effect."""
    for transport in description.transports:
        if transport.established:
            yield TransportConnected(transport_id=transport.transport_id)
    for producer in description.producers:
        if producer.encodings_wanted is not None:
            yield ProducerLayersWanted(
                producer_id=producer.producer_id,
                encodings=producer.encodings_wanted,
                transport_id=producer.transport_id,
            )
        if producer.score is not None:
            yield ProducerScoreChanged(
                producer_id=producer.producer_id, score=producer.score, transport_id=producer.transport_id
            )
    for consumer in description.consumers:
        if consumer.layers is not None:
            yield ConsumerLayersChanged(consumer_id=consumer.consumer_id, layers=consumer.layers)
        for reason, paused in pauses_of(consumer).items():
            pause = ConsumerPaused if paused else ConsumerResumed
            yield pause(consumer_id=consumer.consumer_id, reason=reason)
        if consumer.score is not None:
            yield ConsumerScoreChanged(consumer_id=consumer.consumer_id, score=consumer.score)
