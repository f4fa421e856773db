"""A user's part in a call."""

from __future__ import annotations

from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord


def participant(record: CallRecord | None, user_id: str) -> ParticipantRecord | None:
    """The user's part in the call."""
    participants = [] if record is None else record.participants
    return next((each for each in participants if each.user_id == user_id), None)
