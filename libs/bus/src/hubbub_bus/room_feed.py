"""What happens in a room: its stored changes, in store order, as JetStream republishes them.

Subscribe first, then ask the registry for a snapshot, and drop what is not newer. After `on_gap` ask for a new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nats.aio.msg import Msg
from pydantic import ValidationError

from hubbub_contracts import subjects
from hubbub_contracts.bus.records import PeerRecord, RoomRecord

from . import headers
from .bus import Bus
from .events import GapListener, Subscription
from .kv import entry_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoomChange:
    """One stored change of a room."""

    room_id: str
    sequence: int
    """The bucket's sequence: the room's revision after this change."""
    kind: Literal["settings", "peer"]
    id: str
    """The peer's id; `room` for the settings."""
    record: RoomRecord | PeerRecord | None
    """The new value; None when it is gone."""
    reason: str | None
    """Why it is gone; None when nobody said."""
    operation_id: str | None


class RoomFeed(Subscription):
    """Listens to one room until it is stopped."""

    @classmethod
    async def open(
        cls, bus: Bus, room_id: str, on_change: Callable[[RoomChange], None], on_gap: GapListener
    ) -> RoomFeed:
        """Listens to the room; `on_gap` is called when changes may have been missed."""
        feed = cls(bus.connection)

        async def receive(message: Msg) -> None:
            try:
                change = read_change(message.subject, message.data, message.headers or {})
            except (ValueError, ValidationError) as error:
                # Whatever it was, it was a change that is now missed.
                log.warning("malformed change on %s: %s", message.subject, error)
                on_gap()
                return
            if change is not None:
                on_change(change)

        await feed.start(subjects.room(room_id), receive, on_gap)
        return feed


def read_change(subject: str, data: bytes, carried: dict[str, str]) -> RoomChange | None:
    """The change that a republished message is; None for a kind that is not known here. Raises ValueError."""
    room_id, kind, identity = subjects.split_room_subject(subject)
    entry = entry_of(subject, data, int(carried.get(headers.SEQUENCE, "")), carried)
    record: RoomRecord | PeerRecord | None = None
    if kind == subjects.SETTINGS:
        record = None if entry.value is None else RoomRecord.model_validate_json(entry.value)
        return RoomChange(room_id, entry.revision, "settings", identity, record, entry.reason, entry.operation_id)
    if kind == subjects.PEER:
        record = None if entry.value is None else PeerRecord.model_validate_json(entry.value)
        return RoomChange(room_id, entry.revision, "peer", identity, record, entry.reason, entry.operation_id)
    return None
