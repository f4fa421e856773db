"""The closures that a session missed while it got no events from the media node."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts.bus.media import CloseReason, ConsumerClosed, MediaEvent, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import PeerDescription

from .owned_resources import OwnedResources


def missed_closures(owned: OwnedResources, description: PeerDescription) -> Iterator[MediaEvent]:
    """Returns the events for resources that the client owns and the node no longer has, children before parents.

    `owned` must be older than `description`, which lacks everything created after it. Why a transport or a producer was
    closed is not known any more: its reason is `other`.
    """
    transports = {each.transport_id for each in description.transports}
    producers = {each.producer_id for each in description.producers}
    consumers = {each.consumer_id for each in description.consumers}
    reason: CloseReason
    for producer_id, transport_id in owned.producers.items():
        if producer_id not in producers:
            reason = "other" if transport_id in transports else "transport_closed"
            yield ProducerClosed(producer_id=producer_id, reason=reason)
    for consumer_id, consumer in owned.consumers.items():
        if consumer_id not in consumers:
            reason = "producer_closed" if consumer.transport_id in transports else "transport_closed"
            yield ConsumerClosed(consumer_id=consumer_id, producer_id=consumer.producer_id, reason=reason)
    for transport_id in owned.transports:
        if transport_id not in transports:
            yield TransportClosed(transport_id=transport_id, reason="other")
