"""The interface by which a replica passes a room to its service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hubbub_contracts.bus.records import PeerRecord, RoomRecord

from .changes import FeedChange


@dataclass(frozen=True, slots=True)
class RoomState:
    """A whole room at one revision."""

    room: RoomRecord | None
    """None when the room was removed after the snapshot was taken."""
    peers: Mapping[str, PeerRecord]
    revision: int


class Projection(Protocol):
    """A service's own state of a room. The replica calls it from the event loop; no method may block."""

    def apply(self, change: FeedChange) -> None:
        """Applies a change that is newer than everything before it."""

    def adopt(self, state: RoomState) -> None:
        """Replaces the whole state by `state`.

        `state.revision` is lower than that of an earlier change only after the store has lost writes.
        """

    def room_not_found(self) -> None:
        """The registry answered that there is no such room."""
