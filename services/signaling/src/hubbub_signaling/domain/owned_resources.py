"""The transports, producers and consumers that a client owns on its media node, on two while it moves, and on its
standby."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import PauseReason
from hubbub_contracts.bus.node import ConsumerDescription
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.types import Direction, OpenDirection


@dataclass(frozen=True)
class OwnedTransport:
    """A transport's direction, and the node that has it. Its producers and consumers are there as well."""

    direction: OpenDirection
    placement: Placement


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

    transports: dict[str, OwnedTransport] = field(default_factory=dict)
    producers: dict[str, str] = field(default_factory=dict)
    """producer id -> id of its transport"""
    consumers: dict[str, OwnedConsumer] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    """Ids of objects that a node was asked for without an answer. It may have them. The client does not know them."""
    standby: Placement | None = None
    """The client's standby (ADR 51). Its transports and consumers are among those above."""
    standby_producers: dict[str, str] = field(default_factory=dict)
    """id of a producer -> id of the transport of its copy on the standby"""
    ended_standby: Placement | None = None
    """A standby that the session has ended, while the room's record may still name it."""
    refusing_standby: Placement | None = None
    """A node that made no transport for a standby of this client."""
    replacing: dict[str, str] = field(default_factory=dict)
    """producer id -> id of the transport that a request without an answer yet moves it to"""

    @property
    def directions(self) -> dict[str, OpenDirection]:
        """The direction of each transport."""
        return {transport_id: owned.direction for transport_id, owned in self.transports.items()}

    @property
    def hosted_directions(self) -> dict[str, OpenDirection]:
        """The direction of each transport that is not on the standby."""
        return {each: direction for each, direction in self.directions.items() if not self.is_on_standby(each)}

    def is_on_standby(self, transport_id: str) -> bool:
        """Whether the client's standby has the transport."""
        found = self.transports.get(transport_id)
        return found is not None and found.placement == self.standby

    def require_transport(self, transport_id: str, direction: Direction | None = None) -> Placement:
        """The node that has the transport.

        Raises `not_found` if the transport is not owned, `invalid_state` if it has another direction.
        """
        found = self.transports.get(transport_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such transport")
        if direction is not None and found.direction != direction:
            raise HubbubError(ErrorCode.INVALID_STATE, f"this is a {found.direction} transport")
        return found.placement

    def require_producer(self, producer_id: str) -> Placement:
        """The node that has the producer. Raises `not_found` if it is not owned."""
        found = self.transports.get(self.producers.get(producer_id, ""))
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
        return found.placement

    def require_consumer(self, consumer_id: str) -> Placement:
        """The node that has the consumer. Raises `not_found` if it is not owned."""
        consumer = self.consumers.get(consumer_id)
        found = None if consumer is None else self.transports.get(consumer.transport_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such consumer")
        return found.placement

    def remove_transport(self, transport_id: str) -> list[str]:
        """Removes a transport with its producers, copies and consumers. Returns the ids of those producers."""
        self.transports.pop(transport_id, None)
        self.standby_producers = {each: at for each, at in self.standby_producers.items() if at != transport_id}
        removed = [producer_id for producer_id, transport in self.producers.items() if transport == transport_id]
        for producer_id in removed:
            del self.producers[producer_id]
        self.consumers = {
            consumer_id: owned for consumer_id, owned in self.consumers.items() if owned.transport_id != transport_id
        }
        return removed

    def follow(self, record: PeerRecord) -> None:
        """The producers that the room has on another node already are on their new transports, before the answer."""
        placed = {each.producer_id: record.placement_of(each) for each in record.producers}
        for producer_id, transport_id in self.replacing.items():
            successor = self.transports.get(transport_id)
            if (
                successor is not None
                and producer_id in self.producers
                and placed.get(producer_id) == successor.placement
            ):
                self.producers[producer_id] = transport_id

    def retain(self, placements: Collection[Placement]) -> list[str]:
        """Removes what is on other nodes. Returns the ids of the transports there."""
        removed = [each for each, owned in self.transports.items() if owned.placement not in placements]
        for transport_id in removed:
            self.remove_transport(transport_id)
        if self.standby not in placements:
            self.standby = None
        return removed

    def end_standby(self) -> list[str]:
        """Removes the standby with what is on it. Returns the ids of its transports."""
        removed = [each for each in self.transports if self.is_on_standby(each)]
        for transport_id in removed:
            self.remove_transport(transport_id)
        self.standby = None
        return removed

    def take_over(self, listed: Collection[str]) -> list[str]:
        """The standby hosts the client: removes everything else. Those of its copies that the room has are producers.

        `listed`: the producers in the client's record. Returns the ids of the producers that are lost.
        """
        copies = {each: transport_id for each, transport_id in self.standby_producers.items() if each in listed}
        lost = [each for each in self.producers if each not in copies]
        if self.standby is not None:
            self.retain([self.standby])
        self.producers.update(copies)
        self.standby_producers.clear()
        self.standby = None
        return lost

    def on(self, placement: Placement) -> OwnedResources:
        """Returns a copy of what is on one node."""
        part = self.copy()
        part.retain([placement])
        return part

    def copy(self) -> OwnedResources:
        """Returns a copy of the present state."""
        return OwnedResources(
            dict(self.transports),
            dict(self.producers),
            dict(self.consumers),
            set(self.unanswered),
            self.standby,
            dict(self.standby_producers),
            self.ended_standby,
            self.refusing_standby,
        )

    def clear(self) -> None:
        """Removes everything."""
        self.transports.clear()
        self.producers.clear()
        self.consumers.clear()
        self.unanswered.clear()
        self.standby = self.ended_standby = self.refusing_standby = None
        self.standby_producers.clear()
        self.replacing.clear()
