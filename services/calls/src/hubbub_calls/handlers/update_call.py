"""Updating a call's record: read it from the store, decide, and replace exactly the revision that was read."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_bus import operation_id, retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus.call import CallReply
from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord

from ..domain import call
from .context import CallsContext

Change = Callable[[CallRecord, int], CallRecord]
"""A function of the record and the time. Returns the new record, or the same object when nothing is to be written."""


async def update_call(context: CallsContext, tenant: str | None, call_id: str, change: Change) -> CallReply:
    """Applies `change` to a tenant's live call, or to one that has just ended.

    Raises `invalid_state` when the call is in the history only, `not_found`, and the exceptions of `change`.
    """
    key = _require_key(call_id)

    async def attempt() -> CallReply:
        stored, last = await context.store.find(key)
        if stored is None or stored.record.call_id != call_id:
            ended = await context.history.find(call_id)
            if ended is None or ended.tenant != tenant:
                raise no_such_call()
            raise has_ended()
        if stored.record.tenant != tenant:
            raise no_such_call()
        changed = change(stored.record, context.clock())
        if changed is stored.record:
            return CallReply(call=stored.record, revision=stored.revision)
        written = changed.model_copy(update={"operation_id": operation_id()})
        return CallReply(call=written, revision=await context.store.put(key, written, last))

    return await retry_on_conflict(attempt)


async def find_call(context: CallsContext, tenant: str | None, call_id: str) -> CallReply:
    """The tenant's call, live or from the history. Raises `not_found`."""
    stored, _ = await context.store.find(_require_key(call_id))
    if stored is not None and (stored.record.tenant, stored.record.call_id) == (tenant, call_id):
        return CallReply(call=stored.record, revision=stored.revision)
    ended = await context.history.find(call_id)
    if ended is None or ended.tenant != tenant:
        raise no_such_call()
    return CallReply(call=ended, revision=0)


def require_participant(record: CallRecord, user_id: str) -> ParticipantRecord:
    """The user's part in the call. Raises `not_found` for users whom the call does not concern."""
    part = call.participant(record, user_id)
    if part is None:
        raise no_such_call()
    return part


def no_such_call() -> HubbubError:
    """The error for an unknown call, and for a call that does not concern the user."""
    return HubbubError(ErrorCode.NOT_FOUND, "no such call")


def has_ended() -> HubbubError:
    """The error for a request that a call that has ended does not allow."""
    return HubbubError(ErrorCode.INVALID_STATE, "the call has ended")


def _require_key(call_id: str) -> str:
    key = ids.call_key(call_id)
    if key is None:
        raise no_such_call()
    return key
