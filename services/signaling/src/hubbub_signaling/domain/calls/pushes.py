"""What a user's devices are told about a change of a call: the difference between two of its records.

Rules
- A user who is not a participant hears nothing.
- Answers of others are told to those who are in the call; who is in the room is told to all participants.
- A ring ends with exactly one event on each device: accepted or declined elsewhere, missed, or cancelled.
- To those who were in it, a call ends with `callEnded`, and not with their own `participantLeft`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.call import ParticipantState
from hubbub_contracts.socket import call
from hubbub_contracts.socket.base import Push

from .participant import participant

_IN_CALL = frozenset({"accepted", "joined"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """A push to the devices of one user."""

    push: Push
    skip: frozenset[str] = frozenset()
    """Devices that do not get it."""


def deliveries(user_id: str, before: CallRecord | None, after: CallRecord, now: int) -> Iterator[Delivery]:
    """The pushes to this user, in order. `before` is None for a new call, and `now` is in Unix milliseconds."""
    part, former = participant(after, user_id), participant(before, user_id)
    if part is None:
        return
    involved = part.state in _IN_CALL or (former is not None and former.state in _IN_CALL)
    has_ended = after.state == "ended" and before is not None and before.state != "ended"
    for other in after.participants:
        previous = participant(before, other.user_id)
        was = None if previous is None else previous.state
        if was == other.state:
            continue
        if other.user_id == user_id:
            yield from _own_answer(after, other, was, now)
        elif involved and (was is not None or before is not None):
            yield from _answer_of_another(after, other, was)
        if other.state == "joined":
            yield Delivery(call.ParticipantJoined(call_id=after.call_id, user_id=other.user_id))
        elif was == "joined" and not (has_ended and other.user_id == user_id):
            yield Delivery(call.ParticipantLeft(call_id=after.call_id, user_id=other.user_id))
    if has_ended and former is not None and former.state != "ringing":
        yield Delivery(call.CallEnded(call_id=after.call_id, reason=after.end_reason or "other"))


def ring(user_id: str, record: CallRecord, now: int) -> Delivery | None:
    """The push to a device that has just connected; None when the user is not rung. `now` is in Unix milliseconds."""
    part = participant(record, user_id)
    if part is None or part.state != "ringing":
        return None
    return _incoming(record, part, now)


def _own_answer(
    record: CallRecord, part: ParticipantRecord, was: ParticipantState | None, now: int
) -> Iterator[Delivery]:
    call_id, user_id = record.call_id, part.user_id
    answering = frozenset() if part.answered_by is None else frozenset({part.answered_by})
    if part.state == "ringing":
        yield _incoming(record, part, now)
    elif part.state == "busy":
        yield Delivery(_missed(record, user_id, "busy"))
    elif was != "ringing":
        return
    elif part.state in _IN_CALL:
        yield Delivery(call.CallAccepted(call_id=call_id, user_id=user_id, elsewhere=True), answering)
    elif part.state == "declined":
        declined = call.CallDeclined(call_id=call_id, user_id=user_id, reason="declined", elsewhere=True)
        yield Delivery(declined, answering)
    elif part.state == "missed":
        yield Delivery(_missed(record, user_id, "timeout"))
    else:
        yield Delivery(call.CallCancelled(call_id=call_id))


def _answer_of_another(record: CallRecord, part: ParticipantRecord, was: ParticipantState | None) -> Iterator[Delivery]:
    call_id, user_id = record.call_id, part.user_id
    if part.state in _IN_CALL and was == "ringing":
        yield Delivery(call.CallAccepted(call_id=call_id, user_id=user_id))
    elif part.state == "declined":
        yield Delivery(call.CallDeclined(call_id=call_id, user_id=user_id, reason="declined"))
    elif part.state == "busy":
        yield Delivery(call.CallDeclined(call_id=call_id, user_id=user_id, reason="busy"))
    elif part.state == "missed":
        yield Delivery(_missed(record, user_id, "timeout"))


def _incoming(record: CallRecord, part: ParticipantRecord, now: int) -> Delivery:
    deadline = now if part.deadline is None else part.deadline
    push = call.IncomingCall(call=record.info(), ring_for=max(0, deadline - now))
    return Delivery(push, frozenset(part.ignored_by))


def _missed(record: CallRecord, user_id: str, reason: call.MissReason) -> call.CallMissed:
    return call.CallMissed(call_id=record.call_id, user_id=user_id, caller_id=record.caller_id, reason=reason)
