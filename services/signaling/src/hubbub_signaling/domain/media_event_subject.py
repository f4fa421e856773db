"""The object that an event of a media node is about."""

from __future__ import annotations

from hubbub_contracts.bus.media import (
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    MediaEvent,
    ProducerClosed,
    ProducerLayersWanted,
    ProducerScoreChanged,
    TransportClosed,
    TransportConnected,
    TransportDisconnected,
)


def subject_of(event: MediaEvent) -> str:
    """The id of the transport, producer or consumer."""
    match event:
        case TransportConnected() | TransportDisconnected() | TransportClosed():
            return event.transport_id
        case ProducerClosed() | ProducerLayersWanted() | ProducerScoreChanged():
            return event.producer_id
        case ConsumerClosed() | ConsumerLayersChanged() | ConsumerPaused() | ConsumerResumed() | ConsumerScoreChanged():
            return event.consumer_id
