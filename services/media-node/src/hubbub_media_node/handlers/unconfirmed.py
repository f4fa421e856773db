"""What the room does not know of is closed (docs/closures.md, rows 8 to 10)."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.closures import ASKED
from ..domain.room_view import Key
from ..domain.tables import Closing
from .node import Node
from .peer import close_peer
from .producer import close_producer


def held_in(node: Node, room_id: str) -> set[Key]:
    """Every peer and producer of a room that this node holds."""
    room = node.tables.rooms.get(room_id)
    if room is None:
        return set()
    keys: set[Key] = {("peer", peer_id) for peer_id in room.peers()}
    return keys | {("producer", producer.id) for producer in node.tables.producers_in(room)}


async def close_gone(node: Node, room_id: str, peers: Iterable[str]) -> None:
    """Closes peers that were removed from the room, or are placed elsewhere."""
    for peer_id in peers:
        await close_peer(node, room_id, peer_id, ASKED)


async def close_overdue(node: Node, room_id: str, overdue: Iterable[Key]) -> None:
    """Closes what was made and never shown."""
    # Peers first: their producers go with them.
    for kind, name in sorted(overdue):
        if kind == "peer":
            await close_peer(node, room_id, name, Closing(told="unconfirmed"))
        elif (producer := node.tables.producers.get(name)) is not None:
            async with node.serial(room_id, producer.peer_id):
                await close_producer(node, producer, Closing(told="unconfirmed"))


async def close_everything(node: Node) -> None:
    """This life of the node is over: whatever it has belongs to nobody."""
    for room in list(node.tables.rooms.values()):
        await close_gone(node, room.id, room.peers())
