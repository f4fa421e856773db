"""`recording.compose`."""

from __future__ import annotations

from hubbub_bus import retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.recording import ComposeRecording
from hubbub_contracts.recording import MAX_COMPOSITIONS, Composition

from ..domain.composition import queue_of, requested, with_same_options
from .context import RecorderContext


async def compose(context: RecorderContext, request: ComposeRecording) -> Composition:
    """Queues a composition, or returns the one with the same options.

    Raises `not_found`, `quota_exceeded` and `unavailable`.
    """
    store = context.store

    async def attempt() -> Composition:
        await store.refresh()
        found = store.recordings.find_of(request.tenant, request.recording_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
        known = with_same_options(found.record, request.options)
        if known is not None:
            return known.info()
        record, composition = requested(found.record, ids.mint(), request.options, context.clock())
        if len(record.compositions) > MAX_COMPOSITIONS:
            message = f"a recording has at most {MAX_COMPOSITIONS} compositions"
            raise QuotaExceeded("compositions", message)
        if len(queue_of(store.recordings.to_compose())) >= context.max_compositions:
            message = f"{context.max_compositions} compositions wait already"
            raise QuotaExceeded("compositions", message, retryable=True)
        if not await context.files.has_space():
            raise HubbubError(ErrorCode.UNAVAILABLE, "the disk of the recorder is full")
        await store.put(found.key, record, found.revision)
        return composition.info()

    return await retry_on_conflict(attempt)
