"""What happens to a call without a request: its deadlines, what its room shows, and its way into the history.

Any instance may do any of it at any time, and several may at once: a compare-and-set lets one of them succeed.
"""

from __future__ import annotations

from hubbub_bus import KeyConflict
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.call_records import CallRecord

from ..domain import call
from ..domain.live_calls import StoredCall
from .context import CallsContext
from .update_call import Change, update_call


async def fire(context: CallsContext, key: str) -> None:
    """Does what is due about the call at `key`. Does nothing when another instance has done it."""
    stored, _ = await context.store.find(key)
    if stored is None:
        return
    if stored.record.state == "ended":
        await archive(context, stored)
    else:
        await _update_live(context, stored.record.tenant, stored.record.call_id, _expire(context))


async def archive(context: CallsContext, stored: StoredCall) -> None:
    """Moves a call that has ended into the history. It can be found in one of the two places at any time."""
    await context.history.add(stored.record)
    try:
        await context.store.remove(stored.key, stored.revision)
    except KeyConflict:
        return  # another instance was faster, and may have started the conversation's next call


async def follow_room(context: CallsContext, tenant: str | None, call_id: str) -> None:
    """Compares the call with who is in its room."""
    users = await context.directory.users_in_room(ids.room_id(call_id, tenant))

    def change(record: CallRecord, now: int) -> CallRecord:
        return record if record.state == "ended" else call.seen_in_room(record, users, now, context.timeouts)

    await _update_live(context, tenant, call_id, change)


def _expire(context: CallsContext) -> Change:
    return lambda record, now: call.expire(record, now, context.timeouts)


async def _update_live(context: CallsContext, tenant: str | None, call_id: str, change: Change) -> None:
    try:
        await update_call(context, tenant, call_id, change)
    except HubbubError as error:
        if error.code not in (ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATE):
            raise  # it has ended meanwhile otherwise
