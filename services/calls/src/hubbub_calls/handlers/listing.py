"""`call.get`, `call.live` and `call.list`."""

from __future__ import annotations

from collections import deque

from hubbub_contracts.bus.call import CallReply, CallsPage, GetCall, GetLiveCalls, ListCalls, LiveCalls
from hubbub_contracts.bus.call_records import CallRecord

from ..domain import call
from ..domain.conversation import conversation_key
from .context import CallsContext
from .update_call import find_call


async def get(context: CallsContext, request: GetCall) -> CallReply:
    """Returns the call, live or from the history."""
    return await find_call(context, request.tenant, request.call_id)


async def live(context: CallsContext, request: GetLiveCalls) -> LiveCalls:
    """Returns the live calls of the users. One that has just ended is included until it is in the history."""
    await context.store.refresh()
    calls = context.store.calls.of_users(request.tenant, request.user_ids)
    return LiveCalls(calls=[CallReply(call=each.record, revision=each.revision) for each in calls])


async def list_calls(context: CallsContext, request: ListCalls) -> CallsPage:
    """Returns the live calls on the first page, then a page of the history.

    It reads the user's whole history, because a stream cannot be read backwards. It reads the live calls before:
    a call moves from there into the history, and would otherwise be in neither.
    """
    current = await _live(context, request) if request.before is None else []
    page: deque[tuple[int, CallRecord]] = deque(maxlen=request.limit + 1)
    async for position, record in context.history.of_user(request.tenant, request.user_id):
        if request.before is not None and position >= request.before:
            break
        if _matches(record, request):
            page.append((position, record))
    more = len(page) > request.limit
    ended = list(page)[-request.limit :][::-1]
    known = {record.call_id for record in current}
    return CallsPage(
        calls=[*current, *(record for _, record in ended if record.call_id not in known)],
        next=ended[-1][0] if more else None,
    )


async def _live(context: CallsContext, request: ListCalls) -> list[CallRecord]:
    await context.store.refresh()
    calls = context.store.calls.of_users(request.tenant, [request.user_id])
    if request.group_id is not None:
        group = context.store.calls.get(conversation_key((), request.group_id, request.tenant))
        calls = [*calls, *([group] if group is not None and group not in calls else [])]
    records = [each.record for each in calls if _matches(each.record, request)]
    return sorted(records, key=lambda record: record.created_at, reverse=True)


def _matches(record: CallRecord, request: ListCalls) -> bool:
    part = call.participant(record, request.user_id)
    missed = part is not None and part.state in ("missed", "busy", "cancelled")
    return (
        (request.group_id is None or record.group_id == request.group_id)
        and (request.state is None or record.state == request.state)
        and (missed or not request.missed)
    )
