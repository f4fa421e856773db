"""The limit on the bytes of a room's records."""

from __future__ import annotations

from hubbub_contracts import Model, QuotaExceeded
from hubbub_contracts.encoded import encode

from ..domain.rooms import Room
from .context import RegistryContext


def require_room_bytes(context: RegistryContext, room: Room, added: Model) -> None:
    """Raises `quota_exceeded` when the room's records and `added` are larger than a room may be."""
    limit = context.limits.room_bytes
    if room.size + len(encode(added)) > limit:
        raise QuotaExceeded("bytesOfRoom", f"room is full: its records can have at most {limit} bytes")
