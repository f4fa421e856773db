"""Selects rooms and peers without a live placement, and peers that leave a node before it ends (ADR 48).

Nobody else moves: a room may be on several nodes. Peers with a standby that can host them go there (`standby.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement

from .nodes import Nodes
from .placement import Placer
from .rooms import Room, Rooms
from .standby import promotable
from .stored_record import StoredPeer, StoredRoom


@dataclass(frozen=True, slots=True)
class RoomMove:
    """A room and its new home; None while no node can take it."""

    settings: StoredRoom
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class PeerMove:
    """A peer and its new placement; None while no node can take its room."""

    peer: StoredPeer
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class BeginningMove:
    """A peer that begins to leave a node, and its new placement."""

    peer: StoredPeer
    placement: Placement
    leaving: Leaving


def unknown_placements(rooms: Rooms, nodes: Nodes) -> set[Placement]:
    """Returns the placements of rooms with peers, and of peers, whose incarnation this replica knows nothing about.

    A node that a peer is leaving, and a peer's standby, are among them.
    """
    homes = {
        each for each in rooms.placements if each is not None and any(room.peers for _, room in rooms.placed_on(each))
    }
    left = {peer.leaving.placement for peer in rooms.leaving if peer.leaving is not None}
    return {
        each
        for each in homes | left | rooms.peers_on.keys() | rooms.standby_placements
        if not nodes.has_ended(each) and nodes.find(each) is None
    }


def room_moves(rooms: Rooms, nodes: Nodes, placer: Placer) -> Iterator[RoomMove]:
    """Yields the rooms with peers that need another home. Skips those that have none and cannot get one."""
    for current in rooms.placements:
        if current is not None and not nodes.has_ended(current):
            continue
        for _, room in rooms.placed_on(current):
            if room.settings is None or not room.peers:
                continue
            new = placer.place_room(room, _region_of(room))
            if new is not None or current is not None:
                yield RoomMove(room.settings, new)


def peer_moves(rooms: Rooms, nodes: Nodes, placer: Placer) -> Iterator[PeerMove]:
    """Yields the peers that need another placement, once the home of their room is usable or absent.

    Skips those that are promoted (`standby.promotions`).
    """
    for former in rooms.peer_placements:
        if former is not None and not nodes.has_ended(former):
            continue
        for room_id, room in rooms.hosted_on(former):
            if room.settings is None:
                continue
            home = room.settings.placement
            if home == former or (home is not None and nodes.has_ended(home)):
                continue
            for peer in room.peers.values():
                if peer.placement == former and promotable(peer, nodes) is None:
                    new = None if home is None else placer.place_peer(room_id, room, home, peer.region)
                    yield PeerMove(peer, new)


def move_peer(peer: PeerRecord, placement: Placement | None, operation_id: str) -> PeerRecord:
    """Returns the peer's record at `placement`. Its producers ended with the old node; its client creates new ones.

    What it still had on a node that it was leaving, or on a standby, ends as well.
    """
    ended: dict[str, object] = {"leaving": None, "standby": None, "producers": []}
    return peer.model_copy(update={**ended, "placement": placement, "operation_id": operation_id})


def beginning_moves(rooms: Rooms, nodes: Nodes, placer: Placer, now: int) -> Iterator[BeginningMove]:
    """Yields the peers that begin to leave a node that drains: those of clients that make before they break.

    A peer that waits in the lobby has nothing to move yet. `now` is in Unix milliseconds.
    """
    for leaving in nodes.draining(now):
        for room_id, room in rooms.hosted_on(leaving.placement):
            if room.settings is None:
                continue
            for peer in room.peers.values():
                if peer.placement != leaving.placement or peer.leaving is not None:
                    continue
                if not peer.make_before_break or peer.waiting:
                    continue
                new = placer.place_leaving(room_id, room, peer.region)
                if new is not None:
                    yield BeginningMove(peer, new, leaving)


def begin_move(peer: PeerRecord, placement: Placement, leaving: Leaving, operation_id: str) -> PeerRecord:
    """Returns the record of a peer that leaves a node. Its producers are there until they are replaced.

    Its standby ends: the next node may be the same one.
    """
    producers = [each.model_copy(update={"placement": leaving.placement}) for each in peer.producers]
    update = {"placement": placement, "leaving": leaving, "standby": None, "producers": producers}
    return peer.model_copy(update={**update, "operation_id": operation_id})


def ending_moves(rooms: Rooms, nodes: Nodes, now: int) -> Iterator[StoredPeer]:
    """Yields the peers whose move has reached its deadline, or whose former node has ended.

    Those whose new node has ended are placed again instead (`peer_moves`). `now` is in Unix milliseconds.
    """
    for peer in rooms.leaving:
        if peer.leaving is None or peer.placement is None or nodes.has_ended(peer.placement):
            continue
        if peer.leaving.deadline <= now or nodes.has_ended(peer.leaving.placement):
            yield peer


def end_move(peer: PeerRecord) -> PeerRecord | None:
    """Returns the record of a peer whose move has ended, without what it did not replace; None: it does not move."""
    if peer.leaving is None:
        return None
    left = [each for each in peer.producers if each.placement is None]
    return peer.model_copy(update={"leaving": None, "producers": left})


def _region_of(room: Room) -> str | None:
    """The region of most of its peers, of those that have one."""
    peers = sorted(room.peers.values(), key=lambda peer: peer.created)
    regions = Counter(peer.region for peer in peers if peer.region is not None)
    return regions.most_common(1)[0][0] if regions else None
