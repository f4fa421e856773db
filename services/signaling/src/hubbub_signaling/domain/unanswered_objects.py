"""The objects that a media node created for requests whose answers were lost."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts import Done
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_contracts.bus.media import ConsumerClosed, MediaEvent, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import PeerDescription
from hubbub_contracts.bus.producer import CloseProducer
from hubbub_contracts.bus.transport import CloseTransport

from .owned_resources import OwnedResources


def unanswered_objects(
    unanswered: set[str], resources: OwnedResources, description: PeerDescription, room_id: str, peer_id: str
) -> Iterator[tuple[NodeRequest[Done], MediaEvent]]:
    """Returns the request that closes each such object, and the event of its end.

    `unanswered` are the ids that were asked for before the description. An object that a repetition of the request has
    introduced to the client since is left out.
    """
    peer = {"room_id": room_id, "peer_id": peer_id}
    for consumer in description.consumers:
        consumer_id, producer_id = consumer.consumer_id, consumer.producer_id
        if consumer_id in unanswered and consumer_id not in resources.consumers:
            yield (
                CloseConsumer(**peer, consumer_id=consumer_id),
                ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason="other"),
            )
    for producer in description.producers:
        producer_id = producer.producer_id
        if producer_id in unanswered and producer_id not in resources.producers:
            yield (
                CloseProducer(**peer, producer_id=producer_id),
                ProducerClosed(producer_id=producer_id, reason="other"),
            )
    for transport in description.transports:
        transport_id = transport.transport_id
        if transport_id in unanswered and transport_id not in resources.transports:
            yield (
                CloseTransport(**peer, transport_id=transport_id),
                TransportClosed(transport_id=transport_id, reason="other"),
            )
