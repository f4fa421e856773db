"""`recording.start`."""

from __future__ import annotations

import secrets

from hubbub_bus import KeyConflict, operation_id
from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded, ids, subjects
from hubbub_contracts.bus.recording import StartRecording
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.recording import RecordingInfo

from ..domain.composition import requested
from .context import RecorderContext


async def start(context: RecorderContext, request: StartRecording) -> RecordingInfo:
    """Starts recording a room, or returns the recording that runs.

    Raises `room_not_found`, `quota_exceeded` and `unavailable`.
    """
    store, recorder = context.store, context.recorder
    await store.refresh()
    room_id = ids.room_id(request.call_id, request.tenant)
    key = subjects.live_recording_key(room_id)
    running = store.recordings.at(key)
    if running is not None:
        return running.record.info()
    if recorder.running >= context.max_recordings:
        message = f"this recorder records at most {context.max_recordings} rooms"
        raise QuotaExceeded("recordings", message, retryable=True)
    if not await context.files.has_space():
        raise HubbubError(ErrorCode.UNAVAILABLE, "the disk of the recorder is full")
    record = RecordingRecord(
        recording_id=ids.mint(),
        call_id=request.call_id,
        state="recording",
        audio_only=request.audio_only,
        started_by=request.started_by,
        started_at=context.clock(),
        room_id=room_id,
        ticket_key=secrets.token_urlsafe(32),
        recorder_id=recorder.recorder_id,
        recorder_epoch=recorder.recorder_epoch,
        operation_id=operation_id(),
    )
    if context.live_composition is not None:
        record, _ = requested(record, ids.mint(), context.live_composition, record.started_at)
    try:
        stored = await store.put(key, record, 0)
    except KeyConflict:
        await store.refresh()
        other = store.recordings.at(key)
        if other is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the recording has just stopped", retryable=True) from None
        return other.record.info()
    try:
        await recorder.start(record)
    except BaseException:
        await store.remove(stored)
        raise
    return record.info()
