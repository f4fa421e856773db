"""A call as a pure function of what happens to it.

Rules
- Every function takes a record and the time, and returns the record after it; the same object when nothing changes.
- A call between users is active once a callee has answered, and ends when fewer than two are in it or rung.
- A group's call is active from its start, and ends when nobody is in it: its members join when they like.
- Rings, and entries into the room that do not come, have a deadline in the record: whoever reads it can fire it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.call import MAX_PARTICIPANTS, CallState, EndReason, ParticipantState

from .call_state import TRANSITIONS, CallEvent
from .participant_state import IN_CALL, ParticipantEvent, next_state
from .timeouts import Timeouts

MAX_IGNORING_DEVICES = 16
"""Remembered for each participant; the oldest are forgotten."""


class TooManyParticipants(Exception):
    """The call has MAX_PARTICIPANTS already."""


def new_call(
    call_id: str,
    caller_id: str,
    callees: Iterable[str],
    *,
    tenant: str | None,
    caller_name: str,
    group_id: str | None,
    video: bool,
    app_data: dict[str, Any],
    busy: frozenset[str],
    now: int,
    timeouts: Timeouts,
) -> CallRecord:
    """A call that starts at `now`. Callees in `busy` are not rung; when all are, the call has ended already."""
    group = group_id is not None
    caller = ParticipantRecord(user_id=caller_id, state="accepted", deadline=now + timeouts.entry if group else None)
    record = CallRecord(
        call_id=call_id,
        tenant=tenant,
        state="active" if group else "ringing",
        caller_id=caller_id,
        caller_name=caller_name,
        group_id=group_id,
        video=video,
        app_data=app_data,
        participants=[caller],
        created_at=now,
        answered_at=now if group else None,
    )
    return settle(ring(record, callees, busy=busy, now=now, timeouts=timeouts), now, timeouts)


def ring(record: CallRecord, users: Iterable[str], *, busy: frozenset[str], now: int, timeouts: Timeouts) -> CallRecord:
    """Rings users who are not in the call and not rung yet. Raises TooManyParticipants."""
    for user_id in users:
        before = participant(record, user_id)
        if before is None:
            state: ParticipantState = "busy" if user_id in busy else "ringing"
            deadline = now + timeouts.ring if state == "ringing" else None
            record = _add(record, ParticipantRecord(user_id=user_id, state=state, deadline=deadline))
        elif user_id not in busy:
            record = _move(record, before, ParticipantEvent.RING, now, timeouts)
    return record


def accept(record: CallRecord, user_id: str, now: int, timeouts: Timeouts, device_id: str | None = None) -> CallRecord:
    """The user answers or joins. A user who is not a participant becomes one. Raises TooManyParticipants."""
    before = participant(record, user_id)
    if before is None:
        record = _add(record, before := ParticipantRecord(user_id=user_id, state="left"))
    moved = _move(record, before, ParticipantEvent.ACCEPT, now, timeouts, answered_by=device_id)
    return settle(moved, now, timeouts)


def happen(
    record: CallRecord,
    user_id: str,
    event: ParticipantEvent,
    now: int,
    timeouts: Timeouts,
    device_id: str | None = None,
) -> CallRecord:
    """Something happens to a participant; `device_id` is the device that declined. Unknown users are ignored."""
    before = participant(record, user_id)
    if before is None:
        return record
    return settle(_move(record, before, event, now, timeouts, answered_by=device_id), now, timeouts)


def ignore(record: CallRecord, user_id: str, device_id: str) -> CallRecord:
    """The device is not rung again."""
    before = participant(record, user_id)
    if before is None or device_id in before.ignored_by:
        return record
    ignored_by = [*before.ignored_by, device_id][-MAX_IGNORING_DEVICES:]
    return _replace(record, before, before.model_copy(update={"ignored_by": ignored_by}))


def seen_in_room(record: CallRecord, users: frozenset[str], now: int, timeouts: Timeouts) -> CallRecord:
    """These users have a peer in the call's room, and nobody else has. In a group's call, new users are added."""
    seen = record
    for each in record.participants:
        if each.user_id in users:
            seen = _move(seen, each, ParticipantEvent.ENTER, now, timeouts)
        elif each.state == "joined":
            seen = _move(seen, each, ParticipantEvent.EXIT, now, timeouts)
    if record.group_id is not None:
        for user_id in sorted(users - {each.user_id for each in record.participants}):
            if len(seen.participants) < MAX_PARTICIPANTS:
                seen = _add(seen, ParticipantRecord(user_id=user_id, state="joined"))
    return settle(seen, now, timeouts)


def expire(record: CallRecord, now: int, timeouts: Timeouts) -> CallRecord:
    """Fires the deadlines that have passed."""
    expired = record
    for each in record.participants:
        if each.deadline is not None and each.deadline <= now:
            expired = _move(expired, each, ParticipantEvent.TIMEOUT, now, timeouts)
    return settle(expired, now, timeouts)


def finish(record: CallRecord, event: CallEvent, reason: EndReason, now: int) -> CallRecord:
    """Ends a live call."""
    participants = [
        each.model_copy(update={"state": next_state(each.state, ParticipantEvent.CANCEL), "deadline": None})
        for each in record.participants
    ]
    ended = {"state": _next_call_state(record, event), "ended_at": now, "end_reason": reason}
    return record.model_copy(update={**ended, "participants": participants})


def settle(record: CallRecord, now: int, timeouts: Timeouts) -> CallRecord:
    """Applies to the call what its participants' states imply."""
    if record.state == "ringing":
        return _settle_ringing(record, now, timeouts)
    if record.state == "active":
        present = sum(each.state in IN_CALL for each in record.participants)
        rung = sum(each.state == "ringing" for each in record.participants)
        over = present == 0 if record.group_id is not None else present + rung < 2 or present == 0
        if over:
            return finish(record, CallEvent.EMPTIED, "left", now)
    return record


def next_deadline(record: CallRecord) -> int | None:
    """The first time at which something is to be done about the record; None: it waits for its participants."""
    if record.state == "ended":
        return record.ended_at  # to be moved to the history
    return min((each.deadline for each in record.participants if each.deadline is not None), default=None)


def participant(record: CallRecord, user_id: str) -> ParticipantRecord | None:
    """The user's part in the call."""
    return next((each for each in record.participants if each.user_id == user_id), None)


def _settle_ringing(record: CallRecord, now: int, timeouts: Timeouts) -> CallRecord:
    caller, *callees = record.participants
    if any(each.state in IN_CALL for each in callees):
        entering = [
            each.model_copy(update={"deadline": now + timeouts.entry}) if each.state == "accepted" else each
            for each in record.participants
        ]
        active = {"state": _next_call_state(record, CallEvent.ANSWERED), "answered_at": now}
        return settle(record.model_copy(update={**active, "participants": entering}), now, timeouts)
    if caller.state not in IN_CALL:
        return finish(record, CallEvent.CANCELLED, "cancelled", now)
    if not any(each.state == "ringing" for each in callees):
        return finish(record, CallEvent.UNANSWERED, _why_unanswered(callees), now)
    return record


def _why_unanswered(callees: list[ParticipantRecord]) -> EndReason:
    states = {each.state for each in callees}
    if "declined" in states:
        return "declined"
    return "missed" if "missed" in states else "busy"


def _next_call_state(record: CallRecord, event: CallEvent) -> CallState:
    return TRANSITIONS[(record.state, event)]


def _move(
    record: CallRecord,
    before: ParticipantRecord,
    event: ParticipantEvent,
    now: int,
    timeouts: Timeouts,
    answered_by: str | None = None,
) -> CallRecord:
    """The record after an event of a participant, whose state in it is that of `before`."""
    state = next_state(before.state, event)
    if state == before.state:
        return record
    changes: dict[str, Any] = {"state": state, "deadline": _deadline(record, state, now, timeouts)}
    if event in (ParticipantEvent.ACCEPT, ParticipantEvent.DECLINE):
        changes["answered_by"] = answered_by
    elif event is ParticipantEvent.RING:
        changes |= {"answered_by": None, "ignored_by": []}
    return _replace(record, before, before.model_copy(update=changes))


def _deadline(record: CallRecord, state: ParticipantState, now: int, timeouts: Timeouts) -> int | None:
    if state == "ringing":
        return now + timeouts.ring
    return now + timeouts.entry if state == "accepted" and record.state == "active" else None


def _add(record: CallRecord, new: ParticipantRecord) -> CallRecord:
    if len(record.participants) >= MAX_PARTICIPANTS:
        raise TooManyParticipants
    return record.model_copy(update={"participants": [*record.participants, new]})


def _replace(record: CallRecord, before: ParticipantRecord, after: ParticipantRecord) -> CallRecord:
    participants = [after if each.user_id == before.user_id else each for each in record.participants]
    return record.model_copy(update={"participants": participants})
