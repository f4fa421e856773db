"""The transports, producers and consumers that a client owns on its media node."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import PauseReason
from hubbub_contracts.bus.node import ConsumerDescription
from hubbub_contracts.types import Direction, OpenDirection


@dataclass(frozen=True)
class OwnedConsumer:
    """A consumer's transport and producer, and the pauses that its client knows of."""

    transport_id: str
    producer_id: str
    paused_by: frozenset[PauseReason] = frozenset()


def pauses_of(consumer: ConsumerDescription) -> dict[PauseReason, bool]:
    """Whether each reason pauses a consumer, as its node describes it."""
    return {"bandwidth": consumer.paused_by_bandwidth, "link": consumer.paused_by_link}


@dataclass
class OwnedResources:
    """The ids that a client may name in its requests. Any other id is answered `not_found`."""

    transports: dict[str, OpenDirection] = field(default_factory=dict)
    producers: dict[str, str] = field(default_factory=dict)
    """producer id -> id of its transport"""
    consumers: dict[str, OwnedConsumer] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    """Ids of objects that the node was asked for without an answer. It may have them. The client does not know them."""

    def require_transport(self, transport_id: str, direction: Direction | None = None) -> None:
        """Raises `not_found` if the transport is not owned, `invalid_state` if it has another direction."""
        found = self.transports.get(transport_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such transport")
        if direction is not None and found != direction:
            raise HubbubError(ErrorCode.INVALID_STATE, f"this is a {found} transport")

    def require_producer(self, producer_id: str) -> None:
        """Raises `not_found` if the producer is not owned."""
        if producer_id not in self.producers:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")

    def require_consumer(self, consumer_id: str) -> None:
        """Raises `not_found` if the consumer is not owned."""
        if consumer_id not in self.consumers:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such consumer")

    def remove_transport(self, transport_id: str) -> list[str]:
        """Removes a transport with its producers and consumers. Returns the ids of those producers."""
        self.transports.pop(transport_id, None)
        removed = [producer_id for producer_id, transport in self.producers.items() if transport == transport_id]
        for producer_id in removed:
            del self.producers[producer_id]
        self.consumers = {
            consumer_id: owned for consumer_id, owned in self.consumers.items() if owned.transport_id != transport_id
        }
        return removed

    def copy(self) -> OwnedResources:
        """Returns a copy of the present state."""
        return OwnedResources(dict(self.transports), dict(self.producers), dict(self.consumers), set(self.unanswered))

    def clear(self) -> list[str]:
        """Removes everything. Returns the ids of the transports."""
        transports = list(self.transports)
        self.transports.clear()
        self.producers.clear()
        self.consumers.clear()
        self.unanswered.clear()
        return transports
