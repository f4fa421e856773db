"""What this node sends to others: outgoing pipes, and the links that carry them.

Rules
- The other node says which encodings of which producers it wants. What it does not name is no longer sent, and closed
  after `UNNAMED`. Without the bus everything goes on.
- A link of which nothing is heard for `SILENCE`, neither such a message nor a connectivity check, is closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubbub_contracts.bus.pipe import MediaAddress, PipeOpened
from hubbub_media_core import commands
from hubbub_media_core.commands import Command

from .entities import AnyProducer
from .node_links import NodeLink, NodeLinkTable
from .pipes import CoreObject
from .ssrc_table import SsrcTable

UNNAMED: Final = 10.0
"""Seconds."""
SILENCE: Final = 15.0
"""Seconds."""


@dataclass(slots=True, eq=False, kw_only=True)
class OutgoingPipe:
    """A producer of a peer here, or of another node, on its way to another node."""

    origin: AnyProducer
    link: OutgoingLink
    end: CoreObject
    wanted: tuple[bool, ...]
    told: tuple[bool, ...]
    """The state that the core is in."""
    named_at: float
    """When the other node asked for it last, in seconds of a monotonic clock."""
    named: bool = True
    """The last message named it."""
    opened: PipeOpened | None = None
    """The answer to the request that opened it; None until the core has its end."""
    closing: bool = False

    @property
    def state(self) -> tuple[bool, ...]:
        """The encodings that the link is to carry. Every node of a room hears every microphone, unless it is idle."""
        if self.origin.is_microphone and not self.link.idle:
            return (self.named,) * len(self.wanted)
        return self.wanted if self.named else (False,) * len(self.wanted)

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """As in `Changed`."""
        if not self.end.exists:
            return
        if self.closing:
            yield self.end.worker, commands.CloseConsumer(consumer=self.end.core_id)
        elif self.opened is not None and self.state != self.told:
            yield (
                self.end.worker,
                commands.SetPipedEncodings(consumer=self.end.core_id, encodings=self.state),
            )

    def was_told(self) -> None:
        """As in `Changed`."""
        if self.end.exists and not self.closing and self.opened is not None:
            self.told = self.state


@dataclass(slots=True, eq=False, kw_only=True)
class OutgoingLink(NodeLink[OutgoingPipe]):
    """A link to another node that carries producers of a router here."""

    heard_at: float
    """When the other node sent a message, or a check arrived, in seconds of a monotonic clock."""
    sequence: int = -1
    """Of the last message about it."""
    is_full: bool = False
    """It has no SSRCs left."""
    idle: bool = False
    """Nobody of the room is on the other node: it is a standby only."""
    ssrcs: SsrcTable = field(default_factory=SsrcTable)

    def find(self, producer_id: str) -> OutgoingPipe | None:
        """The pipe of a producer, unless it is closing."""
        return next((pipe for pipe in self.carried if pipe.origin.id == producer_id and not pipe.closing), None)

    def takes(self, producer: AnyProducer) -> bool:
        """Whether it carries a producer, or has room for it and carries no other copy: messages name the producer."""
        pipe = self.find(producer.id)
        return not self.is_full if pipe is None else pipe.origin is producer


class OutgoingLinks(NodeLinkTable[OutgoingLink, OutgoingPipe]):
    """The outgoing links and pipes."""

    def __init__(self) -> None:
        super().__init__()
        self._pipes_of: defaultdict[int, set[OutgoingPipe]] = defaultdict(set)
        """By the core's id of their origin, those that are closing included."""

    def add(self, link: OutgoingLink, carried: OutgoingPipe) -> None:
        """As in `NodeLinkTable`."""
        super().add(link, carried)
        self._pipes_of[carried.origin.core_id].add(carried)

    def carry(self, origin: AnyProducer) -> bool:
        """Whether another node gets a producer from here."""
        return origin.core_id in self._pipes_of

    def choose(self, link_ids: Sequence[str], producer: AnyProducer) -> OutgoingLink | None:
        """The first of these links that can carry a producer, or does."""
        found = (self.find_link(link_id) for link_id in link_ids)
        usable = (link for link in found if link is not None and link.router is producer.router)
        return next((link for link in usable if link.takes(producer)), None)

    def want(
        self,
        link: OutgoingLink,
        wanted: Mapping[str, Sequence[bool]],
        sequence: int,
        now: float,
        relay: MediaAddress | None = None,
        *,
        idle: bool = False,
    ) -> None:
        """The other node wants these encodings, by producer, and this relay. `idle`: no microphones besides.

        An older message than the last one has no effect.
        """
        link.heard_at = now
        if sequence <= link.sequence:
            return
        link.sequence = sequence
        link.idle = idle
        self.set_relay(link, relay)
        for pipe in link.carried:
            encodings = wanted.get(pipe.origin.id)
            pipe.named = encodings is not None
            if encodings is not None:
                pipe.named_at = now
                if len(encodings) == len(pipe.wanted):
                    pipe.wanted = tuple(encodings)
            self.changed(pipe)

    def is_sent(self, origin: AnyProducer) -> bool:
        """Whether another node wants a producer."""
        return any(pipe.named and not pipe.closing for pipe in self._pipes_of.get(origin.core_id, ()))

    def tend(self, now: float) -> None:
        """Closes what nobody wants any more. Call it periodically; `now` is seconds of a monotonic clock."""
        for link in self.links:
            if link.connected:
                link.heard_at = now
            if now - link.heard_at >= SILENCE:
                self.close_link(link)
            for pipe in list(link.carried):
                if not pipe.named and not pipe.closing and now - pipe.named_at >= UNNAMED:
                    self.close(pipe)
        self.repeat_closes()

    def _forget(self, carried: OutgoingPipe) -> None:
        pipes = self._pipes_of[carried.origin.core_id]
        pipes.discard(carried)
        if not pipes:
            del self._pipes_of[carried.origin.core_id]
        super()._forget(carried)
