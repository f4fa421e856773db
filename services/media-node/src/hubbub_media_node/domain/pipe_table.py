"""All links and pipes of this node, and which of them the core has to be told about.

Rules
- There is one link for two routers, and one pipe for a producer and another router.
- A pipe is closed when one of its ends is closed, when its link is, and `LINGER` after its last consumer. That of a
  microphone stays as long as both routers. A link is closed after its last pipe.
- What is closing stays in the table until the core has reported that both ends are closed. It is not found any more, so
  that another one can be opened meanwhile.
- `take_due` names what has changed since it was called last. What could not be told to the core is put back.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from hubbub_media_core import events

from .entities import AnyProducer, Router
from .pipes import CoreObject, Link, Pipe, PipeState

LINGER: Final = 5.0
"""Seconds for which a pipe without consumers is kept: who switches a video off often switches it on again."""

CloseEvent = events.TransportClosed | events.ProducerClosed | events.ConsumerClosed


class ObjectCounts(NamedTuple):
    """How many objects a worker has."""

    transports: int = 0
    producers: int = 0
    consumers: int = 0


class PipeTable:
    """The links and pipes."""

    def __init__(self) -> None:
        self._pairs = itertools.count(1)
        self._links: dict[frozenset[int], Link] = {}
        """By the core's ids of the routers; the newest one of each pair."""
        self._pipes: dict[tuple[int, int], Pipe] = {}
        """By the core's ids of the origin and the other router; the newest one of each."""
        self._by_transport: dict[int, Link] = {}
        self._by_consumer: dict[int, Pipe] = {}
        self._by_producer: dict[int, Pipe] = {}
        self._due: dict[Link | Pipe, None] = {}

    def __len__(self) -> int:
        """Returns the number of pipes that are not closing."""
        return sum(1 for pipe in self._pipes.values() if not pipe.closing)

    def find_link(self, one: Router, other: Router) -> Link | None:
        """The link between two routers, unless it is closing."""
        link = self._links.get(frozenset((one.core_id, other.core_id)))
        return None if link is None or link.closing else link

    def find(self, origin: AnyProducer, router: Router) -> Pipe | None:
        """The pipe of a producer to another router, unless it is closing."""
        pipe = self._pipes.get((origin.core_id, router.core_id))
        return None if pipe is None or pipe.closing else pipe

    def of(self, origin: AnyProducer) -> list[Pipe]:
        """The pipes of a producer that are not closing."""
        found = (self.find(origin, router) for router in origin.room.routers.values())
        return [pipe for pipe in found if pipe is not None]

    def by_producer(self, core_id: int) -> Pipe | None:
        """The pipe whose far end this producer is."""
        return self._by_producer.get(core_id)

    def objects(self, workers: int) -> list[ObjectCounts]:
        """The ends of links and pipes on each of `workers` workers."""
        ends = (end for link in self._by_transport.values() for end in link.transports)
        transports = Counter(end.worker for end in set(ends) if end.exists)
        producers = Counter(pipe.producer.worker for pipe in self._by_producer.values() if pipe.producer.exists)
        consumers = Counter(pipe.consumer.worker for pipe in self._by_producer.values() if pipe.consumer.exists)
        return [ObjectCounts(transports[worker], producers[worker], consumers[worker]) for worker in range(workers)]

    def add_link(self, one: Router, other: Router, new_id: Callable[[], int]) -> Link:
        """Adds a link, whose ends have yet to be created."""
        ends = CoreObject(one.worker, new_id()), CoreObject(other.worker, new_id())
        link = Link((one, other), ends, pair=next(self._pairs))
        self._links[frozenset((one.core_id, other.core_id))] = link
        self._by_transport.update((end.core_id, link) for end in ends)
        return link

    def add(self, origin: AnyProducer, router: Router, link: Link, new_id: Callable[[], int]) -> Pipe:
        """Adds a pipe, whose ends have yet to be created: paused like the origin, and with no encoding wanted."""
        nothing = (False,) * len(origin.spec.encodings)
        pipe = Pipe(
            origin=origin,
            router=router,
            link=link,
            consumer=CoreObject(origin.router.worker, new_id()),
            producer=CoreObject(router.worker, new_id()),
            told=PipeState(nothing, origin.paused),
            wanted=nothing,
        )
        link.pipes.add(pipe)
        self._pipes[origin.core_id, router.core_id] = pipe
        self._by_consumer[pipe.consumer.core_id] = pipe
        self._by_producer[pipe.producer.core_id] = pipe
        return pipe

    def want(self, producer: int, encodings: tuple[bool, ...]) -> None:
        """The consumers of a far end want these encodings. Ignores producers that are none."""
        pipe = self._by_producer.get(producer)
        if pipe is not None and len(encodings) == len(pipe.wanted):
            pipe.wanted = encodings
            self._due[pipe] = None

    def origin_changed(self, origin: AnyProducer) -> None:
        """A producer of a peer was paused or resumed."""
        self._due.update(dict.fromkeys(self.of(origin)))

    def close(self, pipe: Pipe) -> None:
        """Closes a pipe, and its link with the last one."""
        pipe.closing = True
        self._due[pipe] = None
        if not pipe.exists:
            self._forget(pipe)

    def close_link(self, link: Link) -> None:
        """Closes a link and its pipes."""
        link.closing = True
        self._due[link] = None
        for pipe in link.pipes:
            pipe.closing = True
        if not link.exists:
            for end in link.transports:
                self._by_transport.pop(end.core_id, None)
            key = frozenset(router.core_id for router in link.routers)
            if self._links.get(key) is link:
                del self._links[key]

    def close_links_of(self, router: Router) -> None:
        """Closes the links of a router that is being closed."""
        for link in list(self._links.values()):
            if router in link.routers:
                self.close_link(link)

    def closed(self, event: CloseEvent) -> bool:
        """Applies a close event of the core. False when the object belongs to no link and no pipe."""
        if isinstance(event, events.TransportClosed):
            return self._transport_closed(event.transport)
        if isinstance(event, events.ConsumerClosed):
            pipe = self._by_consumer.get(event.consumer)
            if pipe is None:
                return False
            pipe.consumer.exists = False
            pipe.origin_closed |= event.reason == "producer_closed"
        else:
            pipe = self._by_producer.get(event.producer)
            if pipe is None:
                return False
            pipe.producer.exists = False
        self.close(pipe)
        return True

    def tend(self, now: float, is_used: Callable[[int], bool]) -> None:
        """Closes what has been unused for long, and repeats what the core has not done. Call it periodically.

        Arguments:
            now: seconds of a monotonic clock.
            is_used: whether a producer, by the core's id, is needed by consumers of peers.
        """
        for pipe in list(self._by_producer.values()):
            if pipe.closing:
                self._due[pipe] = None
            elif pipe.origin.is_microphone or is_used(pipe.producer.core_id):
                pipe.unused_since = None
            elif pipe.unused_since is None:
                pipe.unused_since = now
            elif now - pipe.unused_since >= LINGER:
                self.close(pipe)
        self._due.update((link, None) for link in self._by_transport.values() if link.closing)

    def take_due(self) -> Iterator[Link | Pipe]:
        """What the core has to be told about, each once."""
        while self._due:
            yield self._due.popitem()[0]

    def put_back(self, undone: Link | Pipe) -> None:
        """The core could not be told."""
        self._due[undone] = None

    def _transport_closed(self, core_id: int) -> bool:
        link = self._by_transport.get(core_id)
        if link is None:
            return False
        next(end for end in link.transports if end.core_id == core_id).exists = False
        self.close_link(link)
        return True

    def _forget(self, pipe: Pipe) -> None:
        key = (pipe.origin.core_id, pipe.router.core_id)
        if self._pipes.get(key) is pipe:
            del self._pipes[key]
        self._by_consumer.pop(pipe.consumer.core_id, None)
        self._by_producer.pop(pipe.producer.core_id, None)
        pipe.link.pipes.discard(pipe)
        if not pipe.link.pipes:
            self.close_link(pipe.link)
