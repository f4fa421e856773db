"""`recording.stop`, and the end of a recording for other reasons."""

from __future__ import annotations

from hubbub_bus import retry_on_conflict
from hubbub_contracts import ErrorCode, HubbubError, subjects
from hubbub_contracts.bus.recording import StopRecording
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import RecordingInfo, StopReason

from ..domain.ports import RecordingStore
from ..domain.recording import stopped
from .context import RecorderContext


async def stop(context: RecorderContext, request: StopRecording) -> RecordingInfo:
    """Stops a recording. Its recorder sees the changed record. Raises `not_found`."""
    await context.store.refresh()
    found = context.store.recordings.find_of(request.tenant, request.recording_id)
    if found is None or request.call_id not in (None, found.record.call_id):
        raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
    return (await stop_recording(context.store, request.recording_id, "requested", context.clock())).info()


async def stop_recording(store: RecordingStore, recording_id: str, reason: StopReason, now: int) -> RecordingRecord:
    """Moves the record to the key of the recording, in two writes. Repeating it finishes what a former call began.

    Returns the record. Raises `not_found`. `now` is Unix milliseconds.
    """

    async def attempt() -> RecordingRecord:
        await store.refresh()
        found = store.recordings.find(recording_id)
        if found is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
        if found.record.state == "recording":
            found = await store.put(subjects.done_recording_key(recording_id), stopped(found.record, reason, now), 0)
        live = store.recordings.at(subjects.live_recording_key(found.record.room_id))
        if live is not None and live.record.recording_id == recording_id:
            await store.remove(live)
        return found.record

    return await retry_on_conflict(attempt)
