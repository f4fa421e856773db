"""One stored change of a room, as its feed delivers it."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord, RoomRecord


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A change of the room's settings key. `record` is None when the room was removed."""

    sequence: int
    """Sequence of the write in the rooms stream: the room's revision after this change."""
    record: RoomRecord | None
    reason: str
    """Why the key was removed; empty when unknown, and for a written record."""


@dataclass(frozen=True, slots=True)
class PeerChanged:
    """A change of a peer's key. `record` is None when the peer was removed."""

    sequence: int
    """As in `SettingsChanged`."""
    peer_id: str
    record: PeerRecord | None
    reason: str
    """As in `SettingsChanged`."""


FeedChange = SettingsChanged | PeerChanged
