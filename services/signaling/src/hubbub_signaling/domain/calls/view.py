"""A call's record as clients see it."""

from __future__ import annotations

from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.call import CallInfo, CallParticipant


def show(record: CallRecord) -> CallInfo:
    """Leaves out devices and deadlines of single participants."""
    rings = [each.deadline for each in record.participants if each.state == "ringing" and each.deadline is not None]
    return CallInfo(
        call_id=record.call_id,
        state=record.state,
        caller_id=record.caller_id,
        caller_name=record.caller_name,
        group_id=record.group_id,
        video=record.video,
        app_data=record.app_data,
        participants=[CallParticipant(user_id=each.user_id, state=each.state) for each in record.participants],
        created_at=record.created_at,
        ring_until=max(rings, default=None),
        answered_at=record.answered_at,
        ended_at=record.ended_at,
        end_reason=record.end_reason,
    )


def participant(record: CallRecord | None, user_id: str) -> ParticipantRecord | None:
    """The user's part in the call."""
    participants = [] if record is None else record.participants
    return next((each for each in participants if each.user_id == user_id), None)
