"""What this node gets from others: remote producers, and the links that deliver them.

Rules
- A producer of another node enters this one once, on one router, its *gateway*. The other routers here get it from
  there by pipes.
- It is closed when the room's record no longer contains it, when the one of another node has replaced it (`handover`),
  when the other node does not have it, and `LINGER` after its last consumer. A microphone stays as long as the room is
  here.
- The other node is told what is wanted at each change, and every `PERIOD`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubbub_contracts.bus.records import Placement
from hubbub_media_core import commands
from hubbub_media_core.commands import Command

from .detour import Detour, Way
from .entities import AnyProducer, Room, Router
from .node_links import NodeLink, NodeLinkTable
from .pipe_table import LINGER
from .pipes import CoreObject

PERIOD: Final = 2.0
"""Seconds between two messages about a link."""
RETRY: Final = 0.5
"""Seconds after which a message that failed is repeated."""
PAUSE: Final = 0.02
"""Seconds between two messages about changes of a link."""


@dataclass(slots=True, eq=False, kw_only=True)
class RemoteProducer(AnyProducer):
    """A producer of another node."""

    link: IncomingLink
    origin: Placement
    """The node of the peer that sends it. In a large room the link comes from another one (`cascade`)."""
    path: tuple[str, ...]
    """The nodes that it passed when it was opened: from that of the link to `origin`."""
    opened_at: float
    """When its path was chosen, in seconds of a monotonic clock."""
    end: CoreObject
    wanted: tuple[bool, ...]
    """The encodings that somebody here wants."""
    told_paused: bool
    """The state that the core is in."""
    stays: bool = False
    """The room's record has it as a microphone."""
    owner: str | None = None
    """The peer that sends it, from the room's record."""
    closing: bool = False
    origin_closed: bool = False
    """It is closing because the producer of the peer is closed."""
    unused_since: float | None = None
    """Seconds of a monotonic clock; None while it is in use."""
    missing_since: float | None = None
    """Since when the room's record does not contain it."""
    cut_off_above: bool = False
    """The node of the link gets nothing of it."""

    @property
    def has_left(self) -> bool:
        """As in `AnyProducer`."""
        return self.is_misplaced or self.room.view.has_left(self.id, self.origin)

    @property
    def router(self) -> Router:
        """Its gateway."""
        return self.link.router

    @property
    def peer_id(self) -> str | None:
        """As in `AnyProducer`."""
        return self.owner

    @property
    def is_closing(self) -> bool:
        """As in `AnyProducer`."""
        return self.closing

    @property
    def ends_with_owner(self) -> bool:
        """As in `AnyProducer`."""
        return self.origin_closed

    @property
    def is_cut_off(self) -> bool:
        """As in `AnyProducer`."""
        return self.link.is_cut_off or self.cut_off_above

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """As in `Changed`."""
        if not self.end.exists:
            return
        if self.closing:
            yield self.end.worker, commands.CloseProducer(producer=self.core_id)
        elif self.paused != self.told_paused:
            change = commands.PauseProducer if self.paused else commands.ResumeProducer
            yield self.end.worker, change(producer=self.core_id)

    def was_told(self) -> None:
        """As in `Changed`."""
        if self.end.exists and not self.closing:
            self.told_paused = self.paused


@dataclass(slots=True, eq=False, kw_only=True)
class IncomingLink(NodeLink[RemoteProducer]):
    """A link that delivers producers of another node."""

    sequence: int = 0
    """Of the last message about it."""
    due: float = 0.0
    """When the next one is to be sent, in seconds of a monotonic clock."""
    telling: bool = False
    """Messages about it are under way."""
    detour: Detour = field(default_factory=Detour)

    @property
    def way(self) -> Way:
        """How it is connected. One that is new counts as direct."""
        if self.lost:
            return "lost"
        return "relayed" if self.by_relay else "direct"

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing arrives over it, and nothing is about to."""
        return self.lost and not self.detour.is_hopeful

    def open_producers(self) -> list[RemoteProducer]:
        """Those that the core has, and that are not closing."""
        return [each for each in self.carried if not each.closing and each.end.exists]


class IncomingLinks(NodeLinkTable[IncomingLink, RemoteProducer]):
    """The incoming links and remote producers."""

    def __init__(self) -> None:
        super().__init__()
        self._producers: dict[str, dict[str, list[RemoteProducer]]] = {}
        """By room and producer: those that the core has, oldest first. There are several while one replaces another."""
        self._dismissed: list[IncomingLink] = []

    def links_from(self, router: Router, node: Placement) -> list[IncomingLink]:
        """The links of a router from another node."""
        return [link for link in self.links if link.router is router and link.node == node]

    def links_for(self, router: Router, node: Placement, producer_id: str) -> list[IncomingLink]:
        """The links of a router from another node that another copy of a producer can use: a link carries one."""
        links = self.links_from(router, node)
        return [link for link in links if all(each.id != producer_id for each in link.carried)]

    def copies(self, room: Room, producer_id: str) -> Sequence[RemoteProducer]:
        """A producer as the core has it from other nodes, oldest first."""
        return self._producers.get(room.id, {}).get(producer_id, ())

    def find(self, room: Room, producer_id: str, origin: Placement) -> RemoteProducer | None:
        """The producer of another node, unless it is closing or is to be had by another path."""
        usable = (each for each in reversed(self.copies(room, producer_id)) if not (each.closing or each.is_misplaced))
        return next((each for each in usable if each.origin == origin), None)

    def keep_direct(self, room: Room, producer_id: str, origin: Placement, now: float) -> RemoteProducer | None:
        """The copy that comes from the producer's node itself, if there is one: no other path works, so it stays.

        None also for one whose consumers have begun to switch.
        """
        for each in self.copies(room, producer_id):
            is_direct = each.is_misplaced and each.origin == origin == each.link.node
            if is_direct and not each.closing and (each.handover is None or each.handover.is_new):
                each.is_misplaced, each.handover, each.opened_at = False, None, now
                return each
        return None

    def of_room(self, room: Room) -> list[RemoteProducer]:
        """The remote producers of a room that are not closing."""
        return [each for copies in self._producers.get(room.id, {}).values() for each in copies if not each.closing]

    def add(self, link: IncomingLink, carried: RemoteProducer) -> None:
        """As in `NodeLinkTable`. The other node is told: a message that does not name it may be on its way."""
        super().add(link, carried)
        link.due = 0.0
        self._producers.setdefault(link.router.room.id, {}).setdefault(carried.id, []).append(carried)

    def close(self, carried: RemoteProducer) -> None:
        """As in `NodeLinkTable`. The other node is told not to send it."""
        super().close(carried)
        carried.link.due = 0.0

    def close_link(self, link: IncomingLink) -> None:
        """As in `NodeLinkTable`."""
        if not link.closing:
            self._dismissed.append(link)
        super().close_link(link)

    def want(self, core_id: int, encodings: tuple[bool, ...]) -> IncomingLink | None:
        """The consumers of a remote producer want these encodings. Returns its link; None for other producers."""
        remote = self.by_end(core_id)
        if remote is None or len(encodings) != len(remote.wanted):
            return None
        remote.wanted = encodings
        remote.link.due = 0.0
        return remote.link

    def set_paused(self, remote: RemoteProducer, *, paused: bool) -> None:
        """The producer of the peer was paused or resumed."""
        if remote.paused != paused:
            remote.paused = paused
            self.changed(remote)

    def tend(self, now: float, is_used: Callable[[RemoteProducer], bool]) -> None:
        """Closes what has been unused for long. Call it periodically."""
        of_all = [each for room in self._producers.values() for copies in room.values() for each in copies]
        for remote in [each for each in of_all if not each.closing]:
            if remote.stays or is_used(remote):
                remote.unused_since = None
            elif remote.unused_since is None:
                remote.unused_since = now
            elif now - remote.unused_since >= LINGER:
                self.close(remote)
        self.repeat_closes()

    def take_dismissed(self) -> list[IncomingLink]:
        """The links that were closed since the last call."""
        dismissed, self._dismissed = self._dismissed, []
        return dismissed

    def _forget(self, carried: RemoteProducer) -> None:
        super()._forget(carried)
        room_id = carried.link.router.room.id
        of_room = self._producers.get(room_id, {})
        copies = of_room.get(carried.id, [])
        if carried in copies:
            copies.remove(carried)
        if not copies:
            of_room.pop(carried.id, None)
        if not of_room:
            self._producers.pop(room_id, None)
