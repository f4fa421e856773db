"""The limit on the bytes of a room's records.

Standbys do not count for what a client adds: it must not be refused because others have one. They get none in a room
that is nearly full, so what a room can have beyond its limit is a fraction of it.
"""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError, Model, QuotaExceeded
from hubbub_contracts.encoded import encode

from ..domain.rooms import Room
from .context import RegistryContext

STANDBY_SHARE = 0.9
"""The part of the limit beyond which no standby is added."""


def require_room_bytes(context: RegistryContext, room: Room, added: Model) -> None:
    """Raises `quota_exceeded` when the room's records and `added` are larger than a room may be."""
    limit = context.limits.room_bytes
    if room.size_without_standbys + len(encode(added)) > limit:
        raise QuotaExceeded("bytesOfRoom", f"room is full: its records can have at most {limit} bytes")


def require_standby_bytes(context: RegistryContext, room: Room, added: Model) -> None:
    """Raises `unavailable`, retryable, when the room is nearly full: its client has no standby for now."""
    if room.size + len(encode(added)) > context.limits.room_bytes * STANDBY_SHARE:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the room is too large for standbys now", retryable=True)
