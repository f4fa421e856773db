"""The stored changes of one room, in store order, as JetStream republishes them.

To follow a room: subscribe first, then ask the registry for a snapshot, and skip changes that are not newer. After
`on_gap`, ask for a new snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from hubbub_contracts import subjects
from hubbub_contracts.bus.records import PeerRecord, RoomRecord

from . import headers
from .bus import Bus
from .events import GapListener, Subscription
from .kv import parse_entry

_log = structlog.get_logger(__name__)


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
    """The new value; None when it was removed."""
    reason: str | None
    """Why it was removed, if the writer gave a reason."""
    operation_id: str | None


class RoomFeed(Subscription):
    """The subscription to one room's changes."""

    @classmethod
    async def open(
        cls, bus: Bus, room_id: str, on_change: Callable[[RoomChange], None], on_gap: GapListener
    ) -> RoomFeed:
        """Subscribes. Calls `on_change` with each change, and `on_gap` when changes may have been missed."""
        feed = cls(bus.connection)

        async def receive(message: Msg) -> None:
            try:
                change = parse_change(message.subject, message.data, message.headers or {})
            except (ValueError, ValidationError) as error:
                _log.warning("malformed change of a room", subject=message.subject, error=str(error))
                on_gap()  # it was a change, and this follower has missed it
                return
            if change is not None:
                on_change(change)

        await feed.start(subjects.room(room_id), receive, on_gap)
        return feed


def parse_change(subject: str, data: bytes, message_headers: Mapping[str, str]) -> RoomChange | None:
    """Parses a republished message. Returns None for an unknown kind of key. Raises ValueError."""
    room_id, kind, identity = subjects.split_room_subject(subject)
    entry = parse_entry(subject, data, int(message_headers.get(headers.SEQUENCE, "")), message_headers)
    record: RoomRecord | PeerRecord | None = None
    if kind == subjects.SETTINGS:
        record = None if entry.value is None else RoomRecord.model_validate_json(entry.value)
        return RoomChange(room_id, entry.revision, "settings", identity, record, entry.reason, entry.operation_id)
    if kind == subjects.PEER:
        record = None if entry.value is None else PeerRecord.model_validate_json(entry.value)
        return RoomChange(room_id, entry.revision, "peer", identity, record, entry.reason, entry.operation_id)
    return None
