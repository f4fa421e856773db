"""All objects of this node, by their ids on the bus and in the core.

Rules
- An object is added before the core is asked to create it, so that a close event that precedes the reply finds it.
- An object is removed when the core reports it closed, not when the close is requested (`closures`).
- A lookup on behalf of a peer names room and peer. Another peer's object is `not_found`, as if it did not exist.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from hubbub_contracts.errors import ErrorCode, HubbubError

from .entities import AnyProducer, Consumer, Producer, Room, Router, Transport
from .incoming_links import IncomingLinks, RemoteProducer
from .node_links import NodeLink
from .outgoing_links import OutgoingLinks
from .pipe_table import PipeTable
from .replacements import Replacements

EntityT = TypeVar("EntityT", bound=Transport | Producer | Consumer)


@dataclass(slots=True)
class TenantCount:
    """What the rooms of a tenant have here."""

    transports: int = 0
    consumers: int = 0


class Source(NamedTuple):
    """A producer of the core from which consumers on one router get a peer's producer."""

    router: Router
    core_id: int


class EntityStore:
    """Rooms, routers, transports, producers and consumers."""

    def __init__(self) -> None:
        self._core_ids = itertools.count(1)
        self.rooms: dict[str, Room] = {}
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.tenants: dict[str | None, TenantCount] = {}
        """Of each tenant with a transport here."""
        self.pipes = PipeTable()
        self.incoming = IncomingLinks()
        self.outgoing = OutgoingLinks()
        self.replacements = Replacements()
        self.routers_created = 0
        """Over the life of the process."""
        self._routers_by_core_id: dict[int, Router] = {}
        self._transports_by_core_id: dict[int, Transport] = {}
        self._producers_by_core_id: dict[int, Producer] = {}
        self._consumers_by_core_id: dict[int, Consumer] = {}
        self._consumers_by_source: defaultdict[int, set[Consumer]] = defaultdict(set)

    def next_core_id(self) -> int:
        """An id that was never used in the core."""
        return next(self._core_ids)

    def transport(self, room_id: str, peer_id: str, transport_id: str) -> Transport:
        """The peer's transport. Raises `not_found`."""
        return _owned(self.transports.get(transport_id), "transport", room_id, peer_id)

    def producer(self, room_id: str, peer_id: str, producer_id: str) -> Producer:
        """The peer's producer. Raises `not_found`."""
        return _owned(self.producers.get(producer_id), "producer", room_id, peer_id)

    def consumer(self, room_id: str, peer_id: str, consumer_id: str) -> Consumer:
        """The peer's consumer. Raises `not_found`."""
        return _owned(self.consumers.get(consumer_id), "consumer", room_id, peer_id)

    def router_by_core_id(self, core_id: int) -> Router | None:
        """None when it is unknown or removed."""
        return self._routers_by_core_id.get(core_id)

    def transport_by_core_id(self, core_id: int) -> Transport | None:
        """None when it is unknown or removed."""
        return self._transports_by_core_id.get(core_id)

    def producer_by_core_id(self, core_id: int) -> Producer | None:
        """None when it is unknown or removed."""
        return self._producers_by_core_id.get(core_id)

    def origin_by_core_id(self, core_id: int) -> AnyProducer | None:
        """The producer that this one is, or that a pipe carries. None when it is unknown or removed."""
        pipe = self.pipes.by_producer(core_id)
        if pipe is not None:
            return pipe.origin
        return self.producer_by_core_id(core_id) or self.incoming.by_end(core_id)

    def ended_with_owner(self, core_id: int) -> bool:
        """Whether the producer of a peer is closed, given that this one, which carries it, is."""
        pipe = self.pipes.by_producer(core_id)
        if pipe is not None and not pipe.origin_closed:
            return False
        origin = self.origin_by_core_id(core_id)
        return origin is None or origin.ends_with_owner

    def is_used(self, remote: RemoteProducer) -> bool:
        """Whether a producer of another node has consumers of peers here, on any router, or goes on to other nodes."""
        return self.is_needed(remote.core_id) or bool(self.pipes.of(remote)) or self.outgoing.carry(remote)

    def is_needed(self, core_id: int) -> bool:
        """Whether a producer, by its id in the core, has consumers of peers, or those of another copy move there."""
        return self.has_consumers(core_id) or self.replacements.is_awaited(core_id)

    def has_consumers(self, core_id: int) -> bool:
        """Whether a producer, by its id in the core, has consumers of peers."""
        return core_id in self._consumers_by_source

    def sources_of(self, origin: AnyProducer) -> list[Source]:
        """From what consumers here get a producer: itself, and the far ends of its pipes."""
        far = (Source(pipe.router, pipe.producer.core_id) for pipe in self.pipes.of(origin))
        return [Source(origin.router, origin.core_id), *far]

    def consumed_sources(self, origin: AnyProducer) -> list[Source]:
        """The sources of a copy from which peers here consume it."""
        return [source for source in self.sources_of(origin) if self.has_consumers(source.core_id)]

    def used_sources(self, former: AnyProducer) -> list[Source]:
        """The sources of a copy with consumers, and those to which consumers of another copy move.

        A microphone's sources are used without consumers. None of the two counts once a source is replaced itself.
        """
        switched = set() if former.handover is None else former.handover.switched
        return [
            source
            for source in self.sources_of(former)
            if self.has_consumers(source.core_id)
            or (source.core_id not in switched and (former.is_microphone or self.is_needed(source.core_id)))
        ]

    def consumers_of(self, remote: RemoteProducer) -> list[Consumer]:
        """The consumers that peers here have of a producer of another node, on any router."""
        sources = [source.core_id for source in self.sources_of(remote)]
        return [consumer for source in sources for consumer in self._consumers_by_source.get(source, ())]

    def move_consumers(self, source: int, successor: int) -> list[Consumer]:
        """The consumers of a producer, by the core's id, consume another one from now on."""
        moved = self._consumers_by_source.pop(source, set())
        for consumer in moved:
            consumer.source = successor
        if moved:
            self._consumers_by_source[successor] |= moved
        return list(moved)

    def consumer_by_core_id(self, core_id: int) -> Consumer | None:
        """None when it is unknown or removed."""
        return self._consumers_by_core_id.get(core_id)

    def transports_of(self, room_id: str, peer_id: str) -> list[Transport]:
        """The peer's transports, oldest first."""
        room = self.rooms.get(room_id)
        return [] if room is None else [each for each in room.transports() if each.peer_id == peer_id]

    def of_tenant(self, tenant: str | None) -> TenantCount:
        """What the rooms of a tenant have here."""
        return self.tenants.get(tenant) or TenantCount()

    def counted_elsewhere(self) -> dict[str | None, TenantCount]:
        """What the peers that are counted on other nodes have here, of each tenant with such peers."""
        counts: dict[str | None, TenantCount] = {}
        for room in self.rooms.values():
            if peer_ids := room.view.counted_elsewhere:
                theirs = [each for each in room.transports() if each.peer_id in peer_ids]
                count = counts.setdefault(room.tenant, TenantCount())
                count.transports += len(theirs)
                count.consumers += sum(len(each.consumers) for each in theirs)
        return counts

    def created_by(self, room_id: str, peer_id: str, operation_id: str) -> Transport | Producer | Consumer | None:
        """The object that the peer created under this operation id, unless it is closed or being closed."""
        for transport in self.transports_of(room_id, peer_id):
            if transport.close_request is not None:
                continue
            entities: list[Transport | Producer | Consumer]
            entities = [transport, *transport.producers.values(), *transport.consumers.values()]
            for entity in entities:
                if entity.operation_id == operation_id and entity.close_request is None:
                    return entity
        return None

    def routers_per_worker(self, workers: int) -> list[int]:
        """The number of rooms that have a router on each of `workers` workers."""
        counts = [0] * workers
        for router in self._routers_by_core_id.values():
            counts[router.worker] += 1
        return counts

    def count_links(self) -> dict[str, int]:
        """The number of links from and to other nodes that are connected directly, by a third node, and not at all."""
        links: list[NodeLink[Any]] = [*self.incoming.links, *self.outgoing.links]
        states = ["lost" if not link.connected else "relayed" if link.by_relay else "connected" for link in links]
        return {state: states.count(state) for state in ("connected", "relayed", "lost")}

    def count_remote_producers(self) -> Counter[str]:
        """The number of producers that each other node sends to this one, by its id."""
        return Counter(remote.link.node.node_id for link in self.incoming.links for remote in link.carried)

    def add_router(self, router: Router) -> None:
        """Adds a router, and its room with the first one. Its first transport must follow without an await."""
        self.rooms[router.room.id] = router.room
        router.room.routers[router.worker] = router
        self._routers_by_core_id[router.core_id] = router
        self.routers_created += 1

    def add_transport(self, transport: Transport) -> None:
        """Adds a transport to its router."""
        self.transports[transport.id] = transport
        self._transports_by_core_id[transport.core_id] = transport
        transport.router.transports[transport.id] = transport
        self.tenants.setdefault(transport.room.tenant, TenantCount()).transports += 1

    def add_producer(self, producer: Producer) -> None:
        """Adds a producer to its transport."""
        self.producers[producer.id] = producer
        self._producers_by_core_id[producer.core_id] = producer
        producer.transport.producers[producer.id] = producer

    def add_consumer(self, consumer: Consumer) -> None:
        """Adds a consumer to its transport."""
        self.consumers[consumer.id] = consumer
        self._consumers_by_core_id[consumer.core_id] = consumer
        self._consumers_by_source[consumer.source].add(consumer)
        consumer.transport.consumers[consumer.id] = consumer
        self.tenants[consumer.transport.room.tenant].consumers += 1

    def remove_transport(self, transport: Transport) -> list[Router]:
        """Removes a transport. Returns what `remove_idle_routers` has removed after it."""
        if self.transports.pop(transport.id, None) is not None:
            count = self.tenants[transport.room.tenant]
            count.transports -= 1
            if not count.transports:
                del self.tenants[transport.room.tenant]
        self._transports_by_core_id.pop(transport.core_id, None)
        transport.router.transports.pop(transport.id, None)
        return [] if transport.router.transports else self.remove_idle_routers(transport.room)

    def remove_idle_routers(self, room: Room) -> list[Router]:
        """Removes and returns the routers of a room that have no transport of a peer, unless others need them.

        The room is removed with its last router.
        """
        idle = [router for router in room.routers.values() if not router.transports]
        if idle and len(idle) < len(room.routers):
            remotes = self.incoming.of_room(room)
            needed = {each.router for each in remotes if self.pipes.of(each) or self.outgoing.carry(each)}
            idle = [router for router in idle if router not in needed]
        for router in idle:
            del room.routers[router.worker]
            del self._routers_by_core_id[router.core_id]
        if idle and not room.routers:
            del self.rooms[room.id]
        return idle

    def remove_producer(self, producer: Producer) -> None:
        """Removes a producer."""
        if self.producers.get(producer.id) is producer:  # a copy that stood by may be replaced here
            del self.producers[producer.id]
        self._producers_by_core_id.pop(producer.core_id, None)
        producer.transport.producers.pop(producer.id, None)

    def remove_consumer(self, consumer: Consumer) -> None:
        """Removes a consumer."""
        if self.consumers.pop(consumer.id, None) is not None:
            self.of_tenant(consumer.transport.room.tenant).consumers -= 1
        self._consumers_by_core_id.pop(consumer.core_id, None)
        others = self._consumers_by_source[consumer.source]
        others.discard(consumer)
        if not others:
            del self._consumers_by_source[consumer.source]
        consumer.transport.consumers.pop(consumer.id, None)


def _owned(entity: EntityT | None, kind: str, room_id: str, peer_id: str) -> EntityT:
    if entity is not None and entity.room_id == room_id and entity.peer_id == peer_id:
        return entity
    raise HubbubError(ErrorCode.NOT_FOUND, f"this peer has no such {kind}")
