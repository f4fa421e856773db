"""`recording.get`, `recording.list`, `recording.read` and `recording.delete`."""

from __future__ import annotations

import base64

from hubbub_bus import KeyConflict
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.recording import (
    DeleteRecording,
    FileChunk,
    GetRecording,
    ListRecordings,
    ReadRecordingFile,
    RecordingPage,
)
from hubbub_contracts.recording import Manifest

from ..domain.recordings import StoredRecording
from .context import RecorderContext
from .tickets import require_ticket


async def get(context: RecorderContext, request: GetRecording) -> Manifest:
    """Returns a recording with its files. Raises `not_found`."""
    found = await _find(context, request.tenant, request.recording_id)
    manifest = await context.files.manifest(found.record)
    if manifest is None:
        return Manifest(recording=found.record.info())
    return manifest.model_copy(update={"recording": found.record.info()})


async def list_recordings(context: RecorderContext, request: ListRecordings) -> RecordingPage:
    """Returns a page of recordings, the newest first."""
    await context.store.refresh()
    records, before = context.store.recordings.page(request.tenant, request.call_id, request.before, request.limit)
    return RecordingPage(recordings=[record.info() for record in records], next=before)


async def read(context: RecorderContext, request: ReadRecordingFile) -> FileChunk:
    """Returns a part of a file. Raises `not_found` and `unauthenticated`."""
    recordings = context.store.recordings
    if request.ticket is None:
        stored = recordings.find_of(request.tenant, request.recording_id)
    else:
        stored = recordings.find(request.recording_id)
        require_ticket(stored, request.ticket, context.clock())
    if stored is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
    found = await context.files.read(stored.record, request.file, request.offset, request.length)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such file")
    size, data = found
    return FileChunk(size=size, data=base64.b64encode(data).decode())


async def delete(context: RecorderContext, request: DeleteRecording) -> Done:
    """Deletes a finished recording. Raises `not_found` and `invalid_state`."""
    found = await _find(context, request.tenant, request.recording_id)
    await remove(context, found)
    return Done()


async def remove(context: RecorderContext, found: StoredRecording) -> None:
    """Deletes the files and then the record, so that a failure leaves a record. Raises `invalid_state`."""
    if found.record.state != "finished":
        raise HubbubError(ErrorCode.INVALID_STATE, f"the recording is {found.record.state}: stop it, and wait")
    await context.files.delete(found.record)
    try:
        await context.store.remove(found)
    except KeyConflict as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the recording has changed meanwhile", retryable=True) from error


async def _find(context: RecorderContext, tenant: str | None, recording_id: str) -> StoredRecording:
    await context.store.refresh()
    found = context.store.recordings.find_of(tenant, recording_id)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
    return found
