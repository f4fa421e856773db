"""Selects rooms and peers without a live placement. Nobody else moves: a room may be on several nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, Placement

from .nodes import Nodes
from .placement import Placer
from .rooms import Room, Rooms
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


def unknown_placements(rooms: Rooms, nodes: Nodes) -> set[Placement]:
    """Returns the placements of rooms with peers, and of peers, whose incarnation this replica knows nothing about."""
    homes = {
        each for each in rooms.placements if each is not None and any(room.peers for _, room in rooms.placed_on(each))
    }
    return {each for each in homes | rooms.peers_on.keys() if not nodes.has_ended(each) and nodes.find(each) is None}


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
    """Yields the peers that need another placement, once the home of their room is usable or absent."""
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
                if peer.placement == former:
                    new = None if home is None else placer.place_peer(room_id, room, home, peer.region)
                    yield PeerMove(peer, new)


def move_peer(peer: PeerRecord, placement: Placement | None, operation_id: str) -> PeerRecord:
    """Returns the peer's record at `placement`. Its producers ended with the old node; its client creates new ones."""
    return peer.model_copy(update={"placement": placement, "producers": [], "operation_id": operation_id})


def _region_of(room: Room) -> str | None:
    """The region of most of its peers, of those that have one."""
    peers = sorted(room.peers.values(), key=lambda peer: peer.created)
    regions = Counter(peer.region for peer in peers if peer.region is not None)
    return regions.most_common(1)[0][0] if regions else None
