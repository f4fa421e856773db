"""What this node holds: rooms, transports, producers, consumers, and how the ids of the bus and of the core pair.

Rules
- A room is here while it has a transport; a peer has no entry of its own, it is who its transports belong to.
- An object is entered before the core is asked to make it, so that a closing that overtakes the answer finds it.
- An object is forgotten when the core says that it is closed, and never before (`closures`).
- Whoever asks for an object names the room and the peer; another's object is not found, as if it were not there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
from hubbub_contracts.bus.media import CloseReason
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import CreateTransport, TransportCreated
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.types import ConsumerType, Direction, MediaKind
from hubbub_ortc.types import RtpCapabilities, RtpParameters


@dataclass(slots=True, eq=False)
class Room:
    """A room on this node: one router, on one worker."""

    id: str
    worker: int
    router: int
    """The router's id in the core."""
    codec_profile: str
    capabilities: RtpCapabilities
    transports: dict[str, Transport] = field(default_factory=dict)

    def peers(self) -> set[str]:
        """The ids of those who have a transport here."""
        return {transport.peer_id for transport in self.transports.values()}


@dataclass(slots=True, eq=False)
class Closing:
    """That this node has asked the core to close an object, and what its owner is told; nothing when it asked."""

    told: CloseReason | None


@dataclass(slots=True, eq=False)
class Transport:
    """A transport of a peer."""

    id: str
    core_id: int
    room: Room
    peer_id: str
    direction: Direction
    request: CreateTransport
    """What it was made from: the same request again is answered the same."""
    created: TransportCreated
    cname: str
    """Of every producer here that names none: what is sent over one transport belongs together (RFC 7022)."""
    connected: bool = False
    """The client's DTLS parameters have come."""
    next_mid: int = 0
    used_ssrcs: set[int] = field(default_factory=set)
    """Every SSRC ever given to a consumer here: none is given twice (RFC 3711 section 9.1)."""
    closing: Closing | None = None
    producers: dict[str, Producer] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)

    @property
    def room_id(self) -> str:
        """Where it is."""
        return self.room.id


@dataclass(slots=True, eq=False)
class Producer:
    """A producer of a peer."""

    id: str
    core_id: int
    transport: Transport
    kind: MediaKind
    request: CreateProducer
    consumable: RtpParameters
    """What consumers are made from."""
    type: ConsumerType
    paused: bool
    closing: Closing | None = None

    @property
    def room_id(self) -> str:
        """Where it is."""
        return self.transport.room.id

    @property
    def peer_id(self) -> str:
        """Who sends it."""
        return self.transport.peer_id


@dataclass(slots=True, eq=False)
class Consumer:
    """A consumer of a peer."""

    id: str
    core_id: int
    transport: Transport
    producer_id: str
    request: CreateConsumer
    created: ConsumerCreated
    paused: bool = True
    closing: Closing | None = None

    @property
    def room_id(self) -> str:
        """Where it is."""
        return self.transport.room.id

    @property
    def peer_id(self) -> str:
        """Who receives it."""
        return self.transport.peer_id


EntityT = TypeVar("EntityT", bound=Transport | Producer | Consumer)


def _owned(entity: EntityT | None, what: str, room_id: str, peer_id: str) -> EntityT:
    if entity is not None and entity.room_id == room_id and entity.peer_id == peer_id:
        return entity
    raise HubbubError(ErrorCode.NOT_FOUND, f"this peer has no such {what}")


class Tables:
    """All that there is on this node."""

    def __init__(self) -> None:
        self._core_ids = itertools.count(1)
        self.rooms: dict[str, Room] = {}
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self._transports_of_core: dict[int, Transport] = {}
        self._producers_of_core: dict[int, Producer] = {}
        self._consumers_of_core: dict[int, Consumer] = {}

    def core_id(self) -> int:
        """An id for the core that was never used before."""
        return next(self._core_ids)

    def transport(self, room_id: str, peer_id: str, transport_id: str) -> Transport:
        """This peer's transport; `not_found` otherwise."""
        return _owned(self.transports.get(transport_id), "transport", room_id, peer_id)

    def producer(self, room_id: str, peer_id: str, producer_id: str) -> Producer:
        """This peer's producer; `not_found` otherwise."""
        return _owned(self.producers.get(producer_id), "producer", room_id, peer_id)

    def consumer(self, room_id: str, peer_id: str, consumer_id: str) -> Consumer:
        """This peer's consumer; `not_found` otherwise."""
        return _owned(self.consumers.get(consumer_id), "consumer", room_id, peer_id)

    def transport_of_core(self, core_id: int) -> Transport | None:
        """By the core's id."""
        return self._transports_of_core.get(core_id)

    def producer_of_core(self, core_id: int) -> Producer | None:
        """By the core's id."""
        return self._producers_of_core.get(core_id)

    def consumer_of_core(self, core_id: int) -> Consumer | None:
        """By the core's id."""
        return self._consumers_of_core.get(core_id)

    def transports_of(self, room_id: str, peer_id: str) -> list[Transport]:
        """All of a peer's, in the order in which they were made."""
        room = self.rooms.get(room_id)
        return [] if room is None else [each for each in room.transports.values() if each.peer_id == peer_id]

    def producers_in(self, room: Room) -> Iterator[Producer]:
        """Every producer of a room."""
        for transport in room.transports.values():
            yield from transport.producers.values()

    def rooms_on(self, workers: int) -> list[int]:
        """How many rooms each of so many workers has."""
        counts = [0] * workers
        for room in self.rooms.values():
            counts[room.worker] += 1
        return counts

    def add_room(self, room: Room) -> None:
        """Enters a room that has no transport yet: one must follow at once."""
        self.rooms[room.id] = room

    def add_transport(self, transport: Transport) -> None:
        """Enters a transport."""
        self.transports[transport.id] = transport
        self._transports_of_core[transport.core_id] = transport
        transport.room.transports[transport.id] = transport

    def add_producer(self, producer: Producer) -> None:
        """Enters a producer."""
        self.producers[producer.id] = producer
        self._producers_of_core[producer.core_id] = producer
        producer.transport.producers[producer.id] = producer

    def add_consumer(self, consumer: Consumer) -> None:
        """Enters a consumer."""
        self.consumers[consumer.id] = consumer
        self._consumers_of_core[consumer.core_id] = consumer
        consumer.transport.consumers[consumer.id] = consumer

    def forget_transport(self, transport: Transport) -> Room | None:
        """Takes a transport out; its room with it, which is returned, when it was the last one there."""
        self.transports.pop(transport.id, None)
        self._transports_of_core.pop(transport.core_id, None)
        room = transport.room
        room.transports.pop(transport.id, None)
        if room.transports:
            return None
        return self.rooms.pop(room.id, None)

    def forget_producer(self, producer: Producer) -> None:
        """Takes a producer out."""
        self.producers.pop(producer.id, None)
        self._producers_of_core.pop(producer.core_id, None)
        producer.transport.producers.pop(producer.id, None)

    def forget_consumer(self, consumer: Consumer) -> None:
        """Takes a consumer out."""
        self.consumers.pop(consumer.id, None)
        self._consumers_of_core.pop(consumer.core_id, None)
        consumer.transport.consumers.pop(consumer.id, None)
