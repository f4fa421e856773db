"""Links between a router here and a router of another node, and what the core here has of them.

Media flows in one direction over a link: the node that needs a producer makes the link. Two nodes that need producers
of each other have two.

| here            | in the core                                                   | at the other node |
|-----------------|---------------------------------------------------------------|-------------------|
| incoming link   | a transport on the router that needed a producer              | outgoing link     |
| remote producer | a producer on it; its consumers are like those of any other   | outgoing pipe     |
| outgoing link   | a transport on the router of the producers                    | incoming link     |
| outgoing pipe   | a consumer on it, of a peer's producer                        | remote producer   |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from hubbub_contracts.bus.pipe import LinkEnd, MediaAddress
from hubbub_contracts.bus.records import Placement
from hubbub_media_core import commands
from hubbub_media_core.commands import Command
from hubbub_media_core.events import IceState

from .entities import Router
from .media_addresses import socket_address
from .pipes import Changed, CoreObject


class Carried(Changed, Protocol):
    """What a link carries: a remote producer or an outgoing pipe."""

    end: CoreObject
    closing: bool

    @property
    def link(self) -> NodeLink[Any]:
        """The link."""


CarriedT = TypeVar("CarriedT", bound=Carried)


@dataclass(slots=True, eq=False, kw_only=True)
class NodeLink(Generic[CarriedT]):
    """A way to or from a router of another node, as this node has it."""

    id: str
    """The same at both nodes."""
    router: Router
    node: Placement
    """The other node."""
    transport: CoreObject
    ours: LinkEnd
    """Our end, as the other node knows it."""
    theirs: LinkEnd
    """The other end."""
    carried: set[CarriedT] = field(default_factory=set)
    state: IceState = "new"
    """Whether connectivity checks reach both nodes; `disconnected` when they do not within 3 s."""
    by_relay: bool = False
    """Connected by a third node."""
    relay: MediaAddress | None = None
    """Where a third node relays it; None: no node does."""
    told_relay: MediaAddress | None = None
    """What the core was told of that."""
    closing: bool = False

    @property
    def connected(self) -> bool:
        """Whether it carries media."""
        return self.state == "connected"

    @property
    def lost(self) -> bool:
        """Whether it carries no media, and has had the time to connect."""
        return self.state == "disconnected"

    def outstanding(self) -> Iterator[tuple[int, Command]]:
        """The command, with its worker, that closes it if it is to be closed, or sets its relay."""
        if not self.transport.exists:
            return
        core_id = self.transport.core_id
        if self.closing:
            yield self.transport.worker, commands.CloseTransport(transport=core_id)
        elif self.relay != self.told_relay:
            relay = None if self.relay is None else socket_address(self.relay)
            yield self.transport.worker, commands.SetLinkRelay(transport=core_id, relay=relay)

    def was_told(self) -> None:
        """The core has got this command."""
        if self.transport.exists:
            self.told_relay = self.relay


LinkT = TypeVar("LinkT", bound=NodeLink[Any])


class NodeLinkTable(Generic[LinkT, CarriedT]):
    """The links of one direction.

    Rules
    - What a link carries is closed with it, and a link after the last thing that it carries.
    - What is closing stays in the table until the core has reported that. It is not found any more.
    - `take_due` names what has changed since it was called last. What could not be told to the core is put back.
    """

    def __init__(self) -> None:
        self._links: dict[str, LinkT] = {}
        self._by_transport: dict[int, LinkT] = {}
        self._by_end: dict[int, CarriedT] = {}
        self._due: dict[LinkT | CarriedT, None] = {}

    @property
    def links(self) -> list[LinkT]:
        """The links that are not closing."""
        return [link for link in self._links.values() if not link.closing]

    def find_link(self, link_id: str) -> LinkT | None:
        """The link, unless it is closing."""
        link = self._links.get(link_id)
        return None if link is None or link.closing else link

    def by_end(self, core_id: int) -> CarriedT | None:
        """What has this producer or consumer of the core as its end."""
        return self._by_end.get(core_id)

    def add_link(self, link: LinkT) -> None:
        """Adds a link, whose transport has yet to be created."""
        self._links[link.id] = link
        self._by_transport[link.transport.core_id] = link

    def add(self, link: LinkT, carried: CarriedT) -> None:
        """Adds what a link is to carry, and the core has yet to create."""
        link.carried.add(carried)
        self._by_end[carried.end.core_id] = carried

    def set_relay(self, link: LinkT, relay: MediaAddress | None) -> None:
        """A third node relays a link from now on; None: no node does."""
        if link.relay != relay and not link.closing:
            link.relay = relay
            self._due[link] = None

    def changed(self, carried: CarriedT) -> None:
        """Its state has changed."""
        self._due[carried] = None

    def close(self, carried: CarriedT) -> None:
        """Closes what a link carries, and the link with the last of it."""
        carried.closing = True
        self._due[carried] = None
        if not carried.end.exists:
            self._forget(carried)

    def close_link(self, link: LinkT) -> None:
        """Closes a link and what it carries."""
        link.closing = True
        self._due[link] = None
        for carried in list(link.carried):
            if not carried.closing:
                self.close(carried)
        if not link.transport.exists:
            self._by_transport.pop(link.transport.core_id, None)
            if self._links.get(link.id) is link:
                del self._links[link.id]

    def close_links_of(self, router: Router) -> None:
        """Closes the links of a router that is being closed."""
        for link in self.links:
            if link.router is router:
                self.close_link(link)

    def transport_closed(self, core_id: int) -> bool:
        """The core has closed a transport. False when it belongs to no link."""
        link = self._by_transport.get(core_id)
        if link is None:
            return False
        link.transport.exists = False
        self.close_link(link)
        return True

    def end_closed(self, core_id: int) -> bool:
        """The core has closed a producer or a consumer. False when it is no end."""
        carried = self._by_end.get(core_id)
        if carried is None:
            return False
        carried.end.exists = False
        self.close(carried)
        return True

    def by_transport(self, core_id: int) -> LinkT | None:
        """The link that has this transport of the core, also while it is closing."""
        return self._by_transport.get(core_id)

    def repeat_closes(self) -> None:
        """What is closing and still exists has to be told again. Call it periodically."""
        self._due.update((link, None) for link in self._by_transport.values() if link.closing)
        self._due.update((each, None) for each in self._by_end.values() if each.closing)

    def take_due(self) -> Iterator[LinkT | CarriedT]:
        """What the core has to be told about, each once."""
        while self._due:
            yield self._due.popitem()[0]

    def put_back(self, undone: LinkT | CarriedT) -> None:
        """The core could not be told."""
        self._due[undone] = None

    def transports_by_worker(self) -> Counter[int]:
        """The number of transports on each worker."""
        return Counter(link.transport.worker for link in self._by_transport.values() if link.transport.exists)

    def ends_by_worker(self) -> Counter[int]:
        """The number of producers or consumers on each worker."""
        return Counter(carried.end.worker for carried in self._by_end.values() if carried.end.exists)

    def _forget(self, carried: CarriedT) -> None:
        self._by_end.pop(carried.end.core_id, None)
        carried.link.carried.discard(carried)
        link = self._by_transport.get(carried.link.transport.core_id)
        if link is not None and not link.carried and not link.closing:
            self.close_link(link)
