"""What a session needs of the world: the bus behind it and the client before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hubbub_contracts import Model, Request
from hubbub_contracts.bus.media import ConsumerClosed, ProducerClosed, TransportClosed
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord
from hubbub_contracts.socket.base import Push

ReplyT = TypeVar("ReplyT", bound=Model)
Notice = TransportClosed | ProducerClosed | ConsumerClosed


@dataclass(frozen=True)
class SettingsChanged:
    """A stored change of a room's own key; without a record it was removed."""

    sequence: int
    record: RoomRecord | None
    reason: str


@dataclass(frozen=True)
class PeerChanged:
    """A stored change of a peer's key; without a record it was removed."""

    sequence: int
    peer_id: str
    record: PeerRecord | None
    reason: str


FeedChange = SettingsChanged | PeerChanged


class Subscription(Protocol):
    """Something that listens until it is told to stop."""

    async def stop(self) -> None:
        """Listens no more."""


class Backend(Protocol):
    """The registry, the nodes and the feeds behind the bus. Errors are `HubbubError`."""

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """Asks any replica of the registry."""

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """Asks this life of this node."""

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """Every stored change of the room, in order; `on_gap` when some may have been missed."""

    async def listen(self, room_id: str, peer_id: str, on_notice: Callable[[Notice], None]) -> Subscription:
        """What nodes tell this peer."""


class Client(Protocol):
    """The client's socket. Nothing here waits: what is sent goes out in this order."""

    def push(self, push: Push) -> None:
        """Sends an event."""

    def close(self) -> None:
        """Ends the connection."""


class Watcher(Protocol):
    """Whoever counts what becomes of clients."""

    def answered(self, event: str, outcome: str, seconds: float) -> None:
        """An event was acknowledged, `ok` or with this error, so long after it came; `unknown` is what is no event."""

    def departed(self, reason: LeaveReason) -> None:
        """A peer is reported as gone."""
