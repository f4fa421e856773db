"""Handlers for recording the client's room."""

from __future__ import annotations

from hubbub_contracts import Done, ErrorCode, HubbubError, ids
from hubbub_contracts.bus import recording
from hubbub_contracts.recording import RecordingInfo
from hubbub_contracts.socket import recording as socket

from .context import RequestContext


async def start_recording(context: RequestContext, request: socket.StartRecording) -> RecordingInfo:
    """Records the client's room, unless the operator forbids it."""
    _require_allowed(context)
    membership = context.membership
    return await context.backend.recorder(
        recording.StartRecording(
            call_id=ids.call_id(membership.room_id),
            tenant=ids.tenant(membership.room_id),
            audio_only=request.audio_only,
            started_by=membership.record.user_id,
        )
    )


async def stop_recording(context: RequestContext, request: socket.StopRecording) -> Done:
    """Stops a recording of the room, whoever started it."""
    _require_allowed(context)
    room_id = context.membership.room_id
    await context.backend.recorder(
        recording.StopRecording(
            recording_id=request.recording_id, call_id=ids.call_id(room_id), tenant=ids.tenant(room_id)
        )
    )
    return Done()


def _require_allowed(context: RequestContext) -> None:
    if not context.settings.participants_record:
        raise HubbubError(ErrorCode.NOT_ALLOWED, "recording: switched off for participants by the operator")
