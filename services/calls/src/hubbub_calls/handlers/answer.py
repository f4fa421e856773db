"""`call.accept`, `call.decline` and `call.ignore`."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded
from hubbub_contracts.bus.call import AcceptCall, CallReply, DeclineCall, IgnoreCall
from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.call import MAX_PARTICIPANTS

from ..domain import call
from ..domain.call import TooManyParticipants
from ..domain.participant_state import IN_CALL, ParticipantEvent
from .context import CallsContext
from .update_call import has_ended, no_such_call, require_participant, update_call


async def accept(context: CallsContext, request: AcceptCall) -> CallReply:
    """The first device that accepts answers for its user. Without a device, the user joins in any case."""

    def change(record: CallRecord, now: int) -> CallRecord:
        part = call.participant(record, request.user_id)
        if part is None and record.group_id is None:
            raise no_such_call()
        if record.state == "ended":
            raise has_ended()
        if (
            part is not None
            and part.state in IN_CALL
            and request.device_id is not None
            and part.answered_by not in (None, request.device_id)
        ):
            raise HubbubError(ErrorCode.CONFLICT, "another device of the user has answered")
        return call.accept(record, request.user_id, now, context.timeouts, request.device_id)

    try:
        return await update_call(context, request.tenant, request.call_id, change)
    except TooManyParticipants as error:
        raise QuotaExceeded("participantsOfCall", f"a call has at most {MAX_PARTICIPANTS} participants") from error


async def decline(context: CallsContext, request: DeclineCall) -> CallReply:
    """Ends the ring of all devices. Repeating it succeeds."""

    def change(record: CallRecord, now: int) -> CallRecord:
        part = require_participant(record, request.user_id)
        if part.state == "declined":
            return record
        _require_ringing(part)
        return call.happen(record, request.user_id, ParticipantEvent.DECLINE, now, context.timeouts, request.device_id)

    return await update_call(context, request.tenant, request.call_id, change)


async def ignore(context: CallsContext, request: IgnoreCall) -> CallReply:
    """The call goes on ringing on the user's other devices."""

    def change(record: CallRecord, _now: int) -> CallRecord:
        _require_ringing(require_participant(record, request.user_id))
        return call.ignore(record, request.user_id, request.device_id)

    return await update_call(context, request.tenant, request.call_id, change)


def _require_ringing(part: ParticipantRecord) -> None:
    if part.state != "ringing":
        raise HubbubError(ErrorCode.INVALID_STATE, f"the call does not ring: {part.state}")
