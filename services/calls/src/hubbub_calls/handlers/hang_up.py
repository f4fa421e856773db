"""`call.cancel`, `call.leave` and `call.end`."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.call import CallReply, CancelCall, EndCall, LeaveCall
from hubbub_contracts.bus.call_records import CallRecord

from ..domain import call
from ..domain.call_state import CallEvent
from ..domain.participant_state import ParticipantEvent
from .context import CallsContext
from .update_call import Change, find_call, require_participant, update_call


async def cancel(context: CallsContext, request: CancelCall) -> CallReply:
    """Takes the call back. Repeating it succeeds."""

    def change(record: CallRecord, now: int) -> CallRecord:
        require_participant(record, request.user_id)
        if record.caller_id != request.user_id:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "only the caller may cancel a call")
        if record.end_reason == "cancelled":
            return record
        if record.state != "ringing":
            raise HubbubError(ErrorCode.INVALID_STATE, "the call was answered or has ended: leave it instead")
        return call.finish(record, CallEvent.CANCELLED, "cancelled", now)

    return await update_call(context, request.tenant, request.call_id, change)


async def leave(context: CallsContext, request: LeaveCall) -> CallReply:
    """The user is no longer in the call. Leaving a ring declines it; leaving a call that has ended succeeds."""

    def change(record: CallRecord, now: int) -> CallRecord:
        part = require_participant(record, request.user_id)
        event = ParticipantEvent.DECLINE if part.state == "ringing" else ParticipantEvent.EXIT
        return call.happen(record, request.user_id, event, now, context.timeouts)

    return await _update_or_find(context, request, change)


async def end(context: CallsContext, request: EndCall) -> CallReply:
    """Ends the call for everybody. A participant may end a call between users; a group's, only the caller may."""

    def change(record: CallRecord, now: int) -> CallRecord:
        if request.user_id is not None:
            require_participant(record, request.user_id)
            if record.group_id is not None and record.caller_id != request.user_id:
                raise HubbubError(ErrorCode.NOT_ALLOWED, "only the caller may end a group's call")
        return record if record.state == "ended" else call.finish(record, CallEvent.ENDED, "ended", now)

    return await _update_or_find(context, request, change)


async def _update_or_find(context: CallsContext, request: LeaveCall | EndCall, change: Change) -> CallReply:
    """Updates a live call; returns one of the history as it is."""
    try:
        return await update_call(context, request.tenant, request.call_id, change)
    except HubbubError as error:
        if error.code is not ErrorCode.INVALID_STATE:
            raise
    reply = await find_call(context, request.tenant, request.call_id)
    if request.user_id is not None:
        require_participant(reply.call, request.user_id)
    return reply
