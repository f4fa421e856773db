"""Rooms as messages, put together from the stored records.

The records are sent as they are stored, without being decoded: an instance that is new to a room gets all of its peers.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_contracts.encoded import Encoded

from .rooms import Room
from .stored_record import StoredPeer, StoredRoom

# Not `created`: a replica that has listed the bucket knows only the last write of each record.
_order_of_joins = attrgetter("joined_at", "peer_id")


def in_order_of_joins(room: Room) -> list[StoredPeer]:
    """The peers of a room."""
    return sorted(room.peers.values(), key=_order_of_joins)


def snapshot(room: Room | None, revision: int) -> Encoded[RoomSnapshot] | None:
    """Returns the room as a message, its peers in the order of their joins; None when it is unknown or closed."""
    if room is None or room.settings is None:
        return None
    return _encoded(room.settings, in_order_of_joins(room), revision)


def snapshot_with(
    room: Room | None, revision: int, peer_id: str, known_revision: int | None
) -> Encoded[RoomSnapshot] | None:
    """Returns the room as the answer to a request that wrote this peer.

    It is partial when the sender, who follows the room, knows it at an earlier revision than that write. A later one is
    of a store that has lost writes since, or the request was repeated.
    """
    peer = None if room is None else room.peers.get(peer_id)
    if room is None or room.settings is None or peer is None or known_revision is None:
        return snapshot(room, revision)
    if peer.revision <= known_revision:
        return snapshot(room, revision)
    return _encoded(room.settings, [peer], room.revision, partial=True)


def _encoded(
    settings: StoredRoom, peers: Iterable[StoredPeer], revision: int, *, partial: bool = False
) -> Encoded[RoomSnapshot]:
    # The records, half a megabyte in a large room, are copied once.
    records = [peer.data for peer in peers] or [b""]
    records[0] = b'{"room":%b,"peers":[%b' % (settings.data, records[0])
    records[-1] += b'],"revision":%d,"partial":%b}' % (revision, b"true" if partial else b"false")
    return Encoded(RoomSnapshot, b",".join(records))
