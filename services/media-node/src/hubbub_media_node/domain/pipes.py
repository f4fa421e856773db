"""Links and pipes: how a room's producers reach its other routers.

| object | in the core                                                                                     |
|--------|-------------------------------------------------------------------------------------------------|
| link   | a transport on each of two routers; it carries pipes in both directions                         |
| pipe   | a consumer on the link at the producer's router, the origin, and a producer on the link at the  |
|        | other router, whose consumers there are like those of any producer                              |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from hubbub_media_core import commands
from hubbub_media_core.commands import Command

from .entities import AnyProducer, Router
from .ssrc_table import SsrcTable


@dataclass(slots=True, eq=False)
class CoreObject:
    """One end of a link or a pipe."""

    worker: int
    core_id: int
    exists: bool = False
    """From before the core is asked to create it, as a close event may precede the reply, until the core reports it
    closed."""


class Changed(Protocol):
    """A link, or what it carries: the core has to be told about it."""

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """The commands, with their workers, that bring the core to its state, or close what the core has of it."""

    def was_told(self) -> None:
        """The core has got these commands."""


ChangedT = TypeVar("ChangedT", bound=Changed)


class ChangedObjects(Protocol[ChangedT]):
    """A table that knows what the core has to be told about."""

    def take_due(self) -> Iterator[ChangedT]:
        """What has changed since the last call, each once."""

    def put_back(self, undone: ChangedT) -> None:
        """The core could not be told."""


@dataclass(slots=True, eq=False)
class Link:
    """A way between two routers."""

    routers: tuple[Router, Router]
    transports: tuple[CoreObject, CoreObject]
    """On the first and on the second router."""
    pair: int
    """Identifies the two transports in the core."""
    ssrcs: SsrcTable = field(default_factory=SsrcTable)
    pipes: set[Pipe] = field(default_factory=set)
    closing: bool = False

    @property
    def exists(self) -> bool:
        """Whether the core has one of its ends."""
        return any(end.exists for end in self.transports)

    def transport_on(self, router: Router) -> CoreObject:
        """Its end on one of its routers."""
        return self.transports[self.routers.index(router)]

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """The commands, with their workers, that close it if it is to be closed."""
        if self.closing:
            for end in self.transports:
                if end.exists:
                    yield end.worker, commands.CloseTransport(transport=end.core_id)

    def was_told(self) -> None:
        """The core has got these commands."""


class PipeState(NamedTuple):
    """What the core is told about a pipe."""

    encodings: tuple[bool, ...]
    """Those that the link carries."""
    paused: bool
    """The producer at the far end is paused."""


@dataclass(slots=True, eq=False)
class Pipe:
    """A producer on another router than its own."""

    origin: AnyProducer
    router: Router
    """The other router."""
    link: Link
    consumer: CoreObject
    """At the origin."""
    producer: CoreObject
    """On the other router."""
    told: PipeState
    """The state that the core is in."""
    wanted: tuple[bool, ...]
    """The encodings that consumers on the other router want."""
    closing: bool = False
    origin_closed: bool = False
    """It is closing because the producer of the peer is closed."""
    unused_since: float | None = None
    """Seconds of a monotonic clock; None while it is in use."""

    @property
    def exists(self) -> bool:
        """Whether the core has one of its ends."""
        return self.consumer.exists or self.producer.exists

    @property
    def is_open(self) -> bool:
        """Whether the core has both of its ends, and keeps them."""
        return self.consumer.exists and self.producer.exists and not self.closing

    @property
    def state(self) -> PipeState:
        """What the core is to be told. Every router hears every microphone: it detects speakers like the others."""
        encodings = (True,) * len(self.wanted) if self.origin.is_microphone else self.wanted
        return PipeState(encodings, self.origin.paused)

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """The commands, with their workers, that bring the core to the state, or close what it has of the pipe."""
        consumer, producer = self.consumer, self.producer
        if self.closing:
            if consumer.exists:
                yield consumer.worker, commands.CloseConsumer(consumer=consumer.core_id)
            if producer.exists:
                yield producer.worker, commands.CloseProducer(producer=producer.core_id)
        if not self.is_open:
            return
        state = self.state
        if state.paused != self.told.paused:
            change = commands.PauseProducer if state.paused else commands.ResumeProducer
            yield producer.worker, change(producer=producer.core_id)
        if state.encodings != self.told.encodings:
            command = commands.SetPipedEncodings(consumer=consumer.core_id, encodings=state.encodings)
            yield consumer.worker, command

    def was_told(self) -> None:
        """The core has got these commands."""
        if self.is_open:
            self.told = self.state
