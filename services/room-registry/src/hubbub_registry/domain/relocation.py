"""Selects rooms without a live placement, and peers that are not placed where their room is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, Placement

from .nodes import Nodes
from .placement import Placer
from .rooms import Rooms
from .stored_record import StoredPeer, StoredRoom


@dataclass(frozen=True, slots=True)
class RoomMove:
    """A room and its new placement; None while no node can take it."""

    settings: StoredRoom
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class PeerMove:
    """A peer and the placement of its room."""

    peer: StoredPeer
    placement: Placement | None


def unknown_placements(rooms: Rooms, nodes: Nodes) -> set[Placement]:
    """Returns the placements of rooms with peers whose incarnation this replica knows nothing about."""
    unknown = {
        each for each in rooms.placements if each is not None and not nodes.has_ended(each) and nodes.find(each) is None
    }
    return {each for each in unknown if any(room.peers for _, room in rooms.placed_on(each))}


def room_moves(rooms: Rooms, nodes: Nodes) -> Iterator[RoomMove]:
    """Yields the rooms with peers that need another placement. Skips those that have none and cannot get one."""
    placer = Placer(nodes.candidates(), rooms)
    for current in rooms.placements:
        if current is not None and not nodes.has_ended(current):
            continue
        for _, room in rooms.placed_on(current):
            if room.settings is None or not room.peers:
                continue
            new = placer.place(len(room.peers))
            if new is not None or current is not None:
                yield RoomMove(room.settings, new)


def peer_moves(rooms: Rooms, nodes: Nodes) -> Iterator[PeerMove]:
    """Yields the peers that are not placed like their room, once the room's own placement is usable or absent."""
    for _, room in rooms.divided:
        if room.settings is None:
            continue
        placement = room.settings.placement
        if placement is not None and nodes.has_ended(placement):
            continue
        for peer in room.peers.values():
            if peer.placement != placement:
                yield PeerMove(peer, placement)


def move_peer(peer: PeerRecord, placement: Placement | None, operation_id: str) -> PeerRecord:
    """Returns the peer's record at `placement`. Its producers ended with the old node; its client creates new ones."""
    return peer.model_copy(update={"placement": placement, "producers": [], "operation_id": operation_id})
