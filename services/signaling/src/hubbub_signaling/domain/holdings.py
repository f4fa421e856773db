"""What a client's session holds on its media node: transports, producers, consumers, and what hangs on what."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.types import Direction


@dataclass(frozen=True)
class HeldConsumer:
    """A consumer with what it hangs on."""

    transport_id: str
    producer_id: str


@dataclass
class Holdings:
    """Ids of this client's objects; an id that is not here is not this client's."""

    transports: dict[str, Direction] = field(default_factory=dict)
    producers: dict[str, str] = field(default_factory=dict)
    """producer -> its transport"""
    consumers: dict[str, HeldConsumer] = field(default_factory=dict)

    def transport(self, transport_id: str, direction: Direction | None = None) -> None:
        """Checks that the transport is this client's, and goes that way."""
        found = self.transports.get(transport_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such transport")
        if direction is not None and found != direction:
            raise HubbubError(ErrorCode.INVALID_STATE, f"this is a {found} transport")

    def producer(self, producer_id: str) -> None:
        """Checks that the producer is this client's."""
        if producer_id not in self.producers:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")

    def consumer(self, consumer_id: str) -> None:
        """Checks that the consumer is this client's."""
        if consumer_id not in self.consumers:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such consumer")

    def drop_transport(self, transport_id: str) -> list[str]:
        """Forgets a transport and what hangs on it; returns the producers that went with it."""
        self.transports.pop(transport_id, None)
        gone = [producer_id for producer_id, transport in self.producers.items() if transport == transport_id]
        for producer_id in gone:
            del self.producers[producer_id]
        self.consumers = {
            consumer_id: held for consumer_id, held in self.consumers.items() if held.transport_id != transport_id
        }
        return gone

    def clear(self) -> list[str]:
        """Forgets everything; returns the transports that were held."""
        transports = list(self.transports)
        self.transports.clear()
        self.producers.clear()
        self.consumers.clear()
        return transports
