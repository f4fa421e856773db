"""The registry, the nodes and the feeds, over the bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hubbub_bus import Bus, RoomChange, RoomFeed
from hubbub_contracts import Model, Request, subjects
from hubbub_contracts.bus.media import MEDIA_EVENT
from hubbub_contracts.bus.records import PeerRecord, Placement, RoomRecord

from ..domain.ports import FeedChange, Notice, PeerChanged, SettingsChanged, Subscription

ReplyT = TypeVar("ReplyT", bound=Model)

REGISTRY_PATIENCE = 5.0
"""Seconds; a registry that is placing peers anew, or has lost its JetStream leader, may take a while."""
NODE_PATIENCE = 3.0


class BusBackend:
    """The `Backend` of all sessions of this process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """Asks any replica of the registry."""
        return await self._bus.request(subjects.registry(message.verb), message, timeout=REGISTRY_PATIENCE)

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """Asks this life of this node."""
        subject = subjects.node(placement.node_id, placement.epoch, message.verb)
        return await self._bus.request(subject, message, timeout=NODE_PATIENCE)

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """Every stored change of the room, in order."""
        return await RoomFeed.open(self._bus, room_id, lambda change: on_change(_read(change)), on_gap)

    async def listen(self, room_id: str, peer_id: str, on_notice: Callable[[Notice], None]) -> Subscription:
        """What nodes tell this peer."""
        return await self._bus.subscribe(subjects.media(room_id, peer_id), MEDIA_EVENT, on_notice)


def _read(change: RoomChange) -> FeedChange:
    record, reason = change.record, change.reason or ""
    if change.kind == "settings":
        return SettingsChanged(change.sequence, record if isinstance(record, RoomRecord) else None, reason)
    return PeerChanged(change.sequence, change.id, record if isinstance(record, PeerRecord) else None, reason)
