"""`call.start`."""

from __future__ import annotations

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.call import CallReply, StartCall
from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.call import MAX_PARTICIPANTS

from ..domain import call
from ..domain.call import TooManyParticipants
from ..domain.conversation import conversation_key
from .context import CallsContext
from .deadlines import archive


async def start(context: CallsContext, request: StartCall) -> CallReply:
    """Starts a call, or enters the live one of the same conversation. Glare and repetitions meet at its key."""
    callees = list(dict.fromkeys(each for each in request.participants if each != request.caller_id))
    if not callees and request.group_id is None:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "participants: names nobody but the caller")
    key = conversation_key([request.caller_id, *callees], request.group_id, request.tenant)
    await context.store.refresh()
    in_calls = context.store.calls.busy(request.tenant, callees, key)
    busy = in_calls | await context.directory.not_to_be_disturbed(request.tenant, callees)

    async def attempt() -> CallReply:
        stored, last = await context.store.find(key)
        if stored is not None and stored.record.state == "ended":
            await archive(context, stored)
            stored, last = await context.store.find(key)
        if stored is None:
            record = _new_call(context, request, key, callees, busy)
        else:
            record = _enter(context, stored.record, request, callees, busy)
            if record is stored.record:
                return CallReply(call=record, revision=stored.revision)
        record = record.model_copy(update={"operation_id": operation_id()})
        return CallReply(call=record, revision=await context.store.put(key, record, last))

    try:
        return await retry_on_conflict(attempt)
    except TooManyParticipants as error:
        raise QuotaExceeded("participantsOfCall", f"a call has at most {MAX_PARTICIPANTS} participants") from error


def _new_call(
    context: CallsContext, request: StartCall, key: str, callees: list[str], busy: frozenset[str]
) -> CallRecord:
    if len(context.store.calls) >= context.max_calls:
        raise QuotaExceeded("calls", f"the limit of {context.max_calls} calls is reached")
    return call.new_call(
        ids.mint_call(key),
        request.caller_id,
        callees,
        tenant=request.tenant,
        caller_name=request.caller_name,
        group_id=request.group_id,
        video=request.video,
        app_data=request.app_data,
        busy=busy,
        now=context.clock(),
        timeouts=context.timeouts,
    )


def _enter(
    context: CallsContext, record: CallRecord, request: StartCall, callees: list[str], busy: frozenset[str]
) -> CallRecord:
    now, timeouts = context.clock(), context.timeouts
    entered = call.accept(record, request.caller_id, now, timeouts)
    return call.ring(entered, callees, busy=busy, now=now, timeouts=timeouts)
