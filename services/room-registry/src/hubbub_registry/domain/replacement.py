"""What has to move: rooms whose home is over or that have none, and peers that are not where their room is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.domain.placement import Placer
from hubbub_registry.domain.room_state import Held, Rooms


@dataclass(frozen=True, slots=True)
class RoomMove:
    """A room needs this home; None while no node can take it."""

    settings: Held[RoomRecord]
    home: Placement | None


@dataclass(frozen=True, slots=True)
class PeerMove:
    """A peer has to follow its room. Its producers are gone with the old home: its client makes them anew."""

    peer: Held[PeerRecord]
    home: Placement | None


def unknown_homes(rooms: Rooms, nodes: Nodes) -> set[Placement]:
    """Homes of rooms with peers of which nothing is known."""
    homes = {home for _, room in rooms if room.peers and room.settings and (home := room.settings.record.placement)}
    return {home for home in homes if not nodes.is_over(home) and nodes.life(home) is None}


def room_moves(rooms: Rooms, nodes: Nodes) -> Iterator[RoomMove]:
    """Rooms with peers that need another home, each with the home it gets."""
    placer = Placer(nodes.candidates(), rooms)
    for _, room in rooms:
        if room.settings is None or not room.peers:
            continue
        home = room.settings.record.placement
        if home is not None and not nodes.is_over(home):
            continue
        new = placer.place(len(room.peers))
        if new is not None or home is not None:
            yield RoomMove(room.settings, new)


def peer_moves(rooms: Rooms, nodes: Nodes) -> Iterator[PeerMove]:
    """Peers that are elsewhere than their room, where the room has found its home."""
    for _, room in rooms:
        if room.settings is None:
            continue
        home = room.settings.record.placement
        if home is not None and nodes.is_over(home):
            continue
        for peer in room.peers.values():
            if peer.record.placement != home:
                yield PeerMove(peer, home)


def moved(peer: PeerRecord, home: Placement | None, operation_id: str) -> PeerRecord:
    """The peer in its new home, with nothing there yet."""
    return peer.model_copy(update={"placement": home, "producers": [], "operation_id": operation_id})
