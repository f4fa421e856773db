"""The stored changes from which events are made, by what they change."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_contracts import subjects
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.bus.records import PeerRecord, RoomRecord


@dataclass(frozen=True, slots=True)
class RoomWritten:
    """A room's settings; None: they were removed."""

    room_id: str
    record: RoomRecord | None


@dataclass(frozen=True, slots=True)
class PeerWritten:
    """A peer's record; None: it has left."""

    room_id: str
    peer_id: str
    record: PeerRecord | None
    reason: str | None = None
    """Why it has left."""


@dataclass(frozen=True, slots=True)
class CallWritten:
    """A call's record; None: it was removed."""

    key: str
    record: CallRecord | None


@dataclass(frozen=True, slots=True)
class RecordingWritten:
    """A recording's record."""

    record: RecordingRecord


StoredChange = RoomWritten | PeerWritten | CallWritten | RecordingWritten


def parse_change(bucket: str, key: str, value: bytes | None, reason: str | None) -> StoredChange | None:
    """Reads an entry of a bucket. None: nothing is told of it. Raises ValidationError."""
    if bucket == subjects.CALLS_BUCKET:
        return CallWritten(key, None if value is None else CallRecord.model_validate_json(value))
    if bucket == subjects.RECORDINGS_BUCKET:
        return None if value is None else RecordingWritten(RecordingRecord.model_validate_json(value))
    try:
        room_id, kind, own_id = subjects.split_key(key)
    except ValueError:
        return None
    if kind == subjects.SETTINGS:
        return RoomWritten(room_id, None if value is None else RoomRecord.model_validate_json(value))
    if kind == subjects.PEER:
        return PeerWritten(room_id, own_id, None if value is None else PeerRecord.model_validate_json(value), reason)
    return None
