"""What handlers need of the store: the rooms as this replica knows them, and compare-and-set writes.

Every write returns once the replica's own rooms hold it. A write that was refused raises KeyConflict once they hold
what stands there instead, so that a handler looks again and decides anew.
"""

from __future__ import annotations

from typing import Protocol

from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_registry.domain.room_state import Rooms


class PeerDeparted(Exception):
    """The peer was here and has left: its id is spent."""


class RoomStore(Protocol):
    """The bucket of rooms. Everything raises HubbubError when it does not answer."""

    @property
    def rooms(self) -> Rooms:
        """As this replica knows them."""

    @property
    def sequence(self) -> int:
        """All changes up to here are in `rooms`."""

    async def ready(self) -> None:
        """Returns once this replica may answer. Raises `unavailable` after a second."""

    async def refresh_room(self, room_id: str) -> None:
        """Has `rooms` hold at least what stands at the room's settings now."""

    async def refresh_peer(self, room_id: str, peer_id: str) -> None:
        """Has `rooms` hold at least what stands at the peer now."""

    async def refresh_all(self) -> None:
        """Has `rooms` hold at least everything that is stored now."""

    async def put_room(self, record: RoomRecord, last: int) -> int:
        """Replaces revision `last` of the settings, 0 being none or a closed room; the new revision."""

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """Replaces revision `last` of the peer, 0 being none; the new revision. Raises PeerDeparted too."""

    async def purge_room(self, room_id: str, last: int) -> None:
        """Removes the settings at revision `last`."""

    async def purge_peer(self, room_id: str, peer_id: str, last: int, reason: LeaveReason) -> None:
        """Removes the peer at revision `last`."""

    async def spend_peer(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """Has a peer that never was be one that has left; nothing to do for one that has."""
