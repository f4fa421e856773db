"""What a client is told of an event about the media of its producers and consumers."""

from __future__ import annotations

from hubbub_contracts.bus.media import (
    ConsumerLayersChanged,
    ConsumerScoreChanged,
    ProducerLayersWanted,
    ProducerScoreChanged,
)
from hubbub_contracts.socket import consumer, producer
from hubbub_contracts.socket.base import Push


def producer_push(event: ProducerLayersWanted | ProducerScoreChanged) -> Push:
    """The push to the peer that sends the producer."""
    if isinstance(event, ProducerLayersWanted):
        return producer.ProducerLayersWanted(producer_id=event.producer_id, encodings=event.encodings)
    return producer.ProducerScore(producer_id=event.producer_id, score=event.score)


def consumer_push(event: ConsumerLayersChanged | ConsumerScoreChanged) -> Push:
    """The push to the peer that receives the consumer."""
    if isinstance(event, ConsumerLayersChanged):
        return consumer.ConsumerLayersChanged(consumer_id=event.consumer_id, layers=event.layers)
    return consumer.ConsumerScore(consumer_id=event.consumer_id, score=event.score)
