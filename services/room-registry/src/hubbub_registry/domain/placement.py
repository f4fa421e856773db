"""Places rooms and their peers on media nodes.

A room has a *home*, the node in its own record, and each peer is on one node. A small room is on its home alone. The
room's nodes are its home and those of its peers, in the order in which they joined.

A peer goes to a node of its own region, as long as one there takes work, and to any node otherwise. Among these nodes
it goes to the first that there is:

1. the first of the room's nodes that is idle and has fewer than `ROOM_PEERS_PER_NODE` peers of it,
2. the least loaded idle node of the others,
3. the least loaded of the room's nodes: where all are busy, links would make it worse.

A node is busy by its measured load alone (`measured_load.py`). The least loaded node is the one with the smallest sum
of that and of what its rooms and peers are expected to cost.

With `ROOM_PEERS_PER_NODE=0` it goes to the room's home, which the region of the first peer decides. A node that
drains, or that has lost its lease, gets no peers while there is another one, except by this setting those of a room
that has somebody there: nodes do not reach each other, and the whole room moves when the node ends. A room without
anybody on such a home gets another home first (`handlers/join.py`). A peer that leaves a node goes by the same rule to
another one; with `ROOM_PEERS_PER_NODE=0` to none.

A peer's standby (ADR 51) is another node that takes rooms and is idle: one of the room's first that has fewer than
`ROOM_PEERS_PER_NODE` of its peers and standbys, then one of the peer's region, then the least loaded. With
`ROOM_PEERS_PER_NODE=0` there is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final

from hubbub_contracts.bus.records import Placement

from .incarnation import Incarnation
from .measured_load import measured_load
from .nodes import Nodes
from .rooms import Room, Rooms
from .standby import promotable

PEERS_PER_WORKER: Final = 200
"""This many peers count as one worker at full load. Spreads rooms before heartbeats show the load they cause."""
ROOM_WEIGHT: Final = 2
"""An empty room counts as this many peers: they are about to join."""
BUSY: Final = 0.7
"""A node is busy when its measured load is this; idle otherwise."""

_order_of_writes = attrgetter("created")


class Placer:
    """Places a series of rooms and peers, and counts the ones it has placed."""

    def __init__(self, nodes: Nodes, rooms: Rooms, room_peers_per_node: int | None) -> None:
        """`room_peers_per_node` is the number of peers of a room that share a node; None: all of them."""
        self._nodes = nodes
        self._candidates = {_placement_of(each): each for each in nodes.candidates()}
        self._limit = room_peers_per_node
        self._rooms = Counter(rooms.rooms_on)
        self._peers = Counter(rooms.peers_on)
        self._standbys = rooms.standbys_on
        self._found: dict[str, tuple[Counter[Placement | None], list[Placement]]] = {}
        """The number of peers on each node, and the nodes, as the series found them, by room."""
        self._placed: defaultdict[str, Counter[Placement]] = defaultdict(Counter)
        """Where the peers of this series are, by room."""

    def place_room(self, room: Room, region: str | None) -> Placement | None:
        """A home for a room: the first of its nodes that takes peers, or else the least loaded node; None: no node.

        The nodes where most of its peers are about to be promoted precede the others. In all cases nodes of the region
        come first.
        """
        nodes = (*self._promoted(room), *_nodes_of(room, _peers_by_placement(room)))
        own = [each for each in nodes if self._nodes.takes_peers(each)]
        home = next(iter(self._in_region(region, own) or own), None)
        home = home or self._least_loaded(self._in_region(region, self._candidates) or self._candidates)
        if home is not None:
            self._rooms[home] += 1
        return home

    def place_peer(self, room_id: str, room: Room, home: Placement, region: str | None) -> Placement:
        """A node for a peer of a room, and of a region (None: of none); `home` is the room's."""
        chosen = None if self._limit is None else self._choose(room_id, room, home, self._limit, region)
        return self._count(room_id, chosen or home)

    def place_leaving(self, room_id: str, room: Room, region: str | None) -> Placement | None:
        """Another node for a peer of a node that drains; None: no node takes it, or rooms stay on one node."""
        home = None if room.settings is None else room.settings.placement
        chosen = None if self._limit is None else self._choose(room_id, room, home, self._limit, region)
        return None if chosen is None else self._count(room_id, chosen)

    def rank_standbys(self, room: Room, placement: Placement, region: str | None) -> list[Placement]:
        """Other nodes than `placement` for the standby of a peer there, the best first.

        Empty: none is idle, or rooms stay on one node.
        """
        if self._limit is None:
            return []
        limit, peers = self._limit, _prepared_for(room)

        def rank(each: Placement) -> tuple[bool, bool, float, str]:
            joins_others = each in peers and peers[each] < limit
            load = self._load(each) + self._share(each, self._standbys.get(each, 0))
            return not joins_others, region is None or self._region(each) != region, load, each.node_id

        others = (
            each
            for each in self._candidates
            if each.node_id != placement.node_id and self._nodes.has_standbys(each) and not self._is_busy(each)
        )
        return sorted(others, key=rank)

    def _promoted(self, room: Room) -> list[Placement]:
        """The standbys to which peers of ended nodes go, those of most peers first."""
        standbys = (promotable(each, self._nodes) for each in room.peers.values())
        return [each for each, _ in Counter(each for each in standbys if each is not None).most_common()]

    def _count(self, room_id: str, placement: Placement) -> Placement:
        self._peers[placement] += 1
        self._placed[room_id][placement] += 1
        return placement

    def _choose(
        self, room_id: str, room: Room, home: Placement | None, limit: int, region: str | None
    ) -> Placement | None:
        placed = self._placed[room_id]
        if room_id not in self._found:
            counted = _peers_by_placement(room)
            self._found[room_id] = (counted, _nodes_of(room, counted))
        peers, nodes = self._found[room_id]
        known = dict.fromkeys((home, *nodes, *placed))
        own = [each for each in known if each is not None and self._nodes.takes_peers(each)]
        others = [each for each in self._candidates if each not in own]
        near_own, near_others = self._in_region(region, own), self._in_region(region, others)
        if near_own or near_others:
            own, others = near_own, near_others
        for each in own:
            if peers[each] + placed[each] < limit and not self._is_busy(each):
                return each
        idle = [each for each in others if not self._is_busy(each)]
        return self._least_loaded(idle) or self._least_loaded(own) or self._least_loaded(others)

    def _in_region(self, region: str | None, placements: Iterable[Placement]) -> list[Placement]:
        """Those in the region, in the same order; none for no region."""
        return [] if region is None else [each for each in placements if self._region(each) == region]

    def _region(self, placement: Placement) -> str | None:
        incarnation = self._nodes.find(placement)
        return None if incarnation is None else incarnation.region

    def _is_busy(self, placement: Placement) -> bool:
        return _measured(self._nodes.find(placement)) >= BUSY

    def _least_loaded(self, placements: Iterable[Placement]) -> Placement | None:
        return min(placements, key=lambda each: (self._load(each), each.node_id), default=None)

    def _load(self, placement: Placement) -> float:
        weight = _weight(self._rooms, self._peers, placement)
        return _measured(self._nodes.find(placement)) + self._share(placement, weight)

    def _share(self, placement: Placement, peers: int) -> float:
        """The load of so many peers."""
        return peers / (max(1, _workers(self._nodes.find(placement))) * PEERS_PER_WORKER)


def _nodes_of(room: Room, peers: Mapping[Placement | None, int]) -> list[Placement]:
    """The nodes of a room, its home first, then in the order of `peers` (`_peers_by_placement`)."""
    home = None if room.settings is None else room.settings.placement
    return [each for each in dict.fromkeys((home, *peers)) if each is not None]


def _peers_by_placement(room: Room) -> Counter[Placement | None]:
    """The number of peers on each node, in the order in which peers came to them."""
    placements = [peer.placement for peer in sorted(room.peers.values(), key=_order_of_writes)]
    # A large room has few nodes, and equal placements are mostly one object (`stored_record`), which is hashed once.
    objects = {id(each): each for each in placements}
    peers: Counter[Placement | None] = Counter()
    for key, count in Counter(map(id, placements)).items():
        peers[objects[key]] += count
    return peers


def _prepared_for(room: Room) -> Counter[Placement]:
    """The peers and standbys of a room on each of its nodes; its home may have none."""
    home = None if room.settings is None else room.settings.placement
    counts = Counter({} if home is None else {home: 0})
    for peer in room.peers.values():
        counts.update(each for each in (peer.placement, peer.standby) if each is not None)
    return counts


def _workers(incarnation: Incarnation | None) -> int:
    return 0 if incarnation is None or incarnation.heartbeat is None else len(incarnation.heartbeat.workers)


def _measured(incarnation: Incarnation | None) -> float:
    return 0.0 if incarnation is None or incarnation.heartbeat is None else measured_load(incarnation.heartbeat)


def _placement_of(incarnation: Incarnation) -> Placement:
    return Placement(node_id=incarnation.node_id, epoch=incarnation.epoch)


def _weight(rooms: Mapping[Placement, int], peers: Mapping[Placement, int], placement: Placement) -> int:
    return rooms.get(placement, 0) * ROOM_WEIGHT + peers.get(placement, 0)
