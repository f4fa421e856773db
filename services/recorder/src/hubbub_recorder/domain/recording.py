"""What happens to a recording: pure functions of its record and the time.

Rules
- `recording` -> `processing` -> `finished`. The first is at the key of its room, so a room has one; the others at the
  key of the recording.
- The record decides, and the recorder that it names follows it. A recording whose recorder has lost its lease is taken
  over by another one, which writes itself into the record.
"""

from __future__ import annotations

from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import RecordingState, StopReason

NEXT: dict[RecordingState, RecordingState] = {"recording": "processing", "processing": "finished"}
"""State -> the one after it."""


def stopped(record: RecordingRecord, reason: StopReason, now: int) -> RecordingRecord:
    """The record of a recording that stops. `now` is Unix milliseconds."""
    return _advanced(record, "recording").model_copy(update={"stopped_at": now, "stop_reason": reason})


def finished(record: RecordingRecord) -> RecordingRecord:
    """The record of a recording whose files are complete."""
    return _advanced(record, "processing")


def uploaded(record: RecordingRecord) -> RecordingRecord:
    """The record of a finished recording whose files are in the object store."""
    if record.state != "finished":
        raise ValueError(f"the recording is {record.state}")
    return record.model_copy(update={"uploaded": True})


def taken_over(record: RecordingRecord, recorder_id: str, recorder_epoch: int) -> RecordingRecord:
    """The record with another recorder, which begins a new segment."""
    return record.model_copy(
        update={"recorder_id": recorder_id, "recorder_epoch": recorder_epoch, "segment": record.segment + 1}
    )


def has_expired(record: RecordingRecord, retention: float | None, now: int) -> bool:
    """Whether the recording is to be deleted. `retention` in seconds, `now` in Unix milliseconds."""
    if retention is None or record.state != "finished" or record.stopped_at is None:
        return False
    return now - record.stopped_at >= retention * 1000


def _advanced(record: RecordingRecord, before: RecordingState) -> RecordingRecord:
    if record.state != before:
        raise ValueError(f"the recording is {record.state}")
    return record.model_copy(update={"state": NEXT[before]})
