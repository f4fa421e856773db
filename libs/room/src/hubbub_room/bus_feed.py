"""A room's change feed over the bus."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import Bus, RoomChange, RoomFeed
from hubbub_contracts.bus.records import PeerRecord, RoomRecord

from .changes import FeedChange, PeerChanged, SettingsChanged


async def open_feed(
    bus: Bus, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
) -> RoomFeed:
    """Subscribes to the stored changes of a room. Raises HubbubError, or the error of the NATS client."""
    return await RoomFeed.open(bus, room_id, lambda change: on_change(_convert(change)), on_gap)


def _convert(change: RoomChange) -> FeedChange:
    record, reason = change.record, change.reason or ""
    if change.kind == "settings":
        return SettingsChanged(change.sequence, record if isinstance(record, RoomRecord) else None, reason)
    return PeerChanged(change.sequence, change.id, record if isinstance(record, PeerRecord) else None, reason)
