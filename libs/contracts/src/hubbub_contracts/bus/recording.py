"""Requests about recordings, answered by any instance of the recorder."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Done, Model, RecorderRequest
from ..recording import Composition, CompositionOptions, Manifest, RecordingId, RecordingInfo, RecordingTicket
from ..types import CallId, Count, Revision, TenantId, UserId

MAX_PAGE = 100
MAX_CHUNK = 256 * 1024
"""Bytes of a file in one reply."""


class StartRecording(RecorderRequest[RecordingInfo]):
    """Starts recording a room, or returns the recording that runs. The instance that answers records.

    Errors: `room_not_found`, `quota_exceeded` when the instance records as many rooms as it may, `unavailable` when the
    disk is full.
    """

    verb: ClassVar[str] = "recording.start"
    tenant: TenantId | None = None
    """Whose recordings these are."""
    call_id: CallId
    audio_only: bool = False
    started_by: UserId | None = None


class StopRecording(RecorderRequest[RecordingInfo]):
    """Stops a recording. Succeeds when it has stopped. Errors: `not_found`."""

    verb: ClassVar[str] = "recording.stop"
    tenant: TenantId | None = None
    """Whose recordings these are."""
    recording_id: RecordingId
    call_id: CallId | None = None
    """Set: only if the recording is of this room."""


class GetRecording(RecorderRequest[Manifest]):
    """Asks for a recording with its files. Errors: `not_found`."""

    verb: ClassVar[str] = "recording.get"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose recordings these are."""
    recording_id: RecordingId


class RecordingPage(Model):
    """A page of recordings, the newest first."""

    recordings: list[RecordingInfo]
    """The recordings."""
    next: Revision | None = None
    """`before` of the next page; absent on the last one."""


class ListRecordings(RecorderRequest[RecordingPage]):
    """Lists recordings, the newest first."""

    verb: ClassVar[str] = "recording.list"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose recordings these are."""
    call_id: CallId | None = None
    before: int | None = None
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20


class DeleteRecording(RecorderRequest[Done]):
    """Deletes a recording and its files, and ends its compositions.

    Errors: `not_found`, `invalid_state` while it records or is processed.
    """

    verb: ClassVar[str] = "recording.delete"
    tenant: TenantId | None = None
    """Whose recordings these are."""
    recording_id: RecordingId


class CreateRecordingTicket(RecorderRequest[RecordingTicket]):
    """Creates a ticket for the files of a recording. Errors: `not_found`."""

    verb: ClassVar[str] = "recording.ticket"
    tenant: TenantId | None = None
    """Whose recordings these are."""
    recording_id: RecordingId
    holder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,48}$")] | None = None
    """Who asks, in a form that only signaling reads. It becomes a part of the ticket. Absent: nobody to name."""


class ComposeRecording(RecorderRequest[Composition]):
    """Asks for one file of all tracks, or returns the composition that was asked for with the same options.

    Errors: `not_found`, `quota_exceeded` with too many compositions of the recording, or too many that wait.
    """

    verb: ClassVar[str] = "recording.compose"
    tenant: TenantId | None = None
    """Whose recordings these are."""
    recording_id: RecordingId
    options: CompositionOptions


class FileChunk(Model):
    """A part of a file."""

    size: Count
    """Bytes of the whole file."""
    data: str
    """In base64."""


class ReadRecordingFile(RecorderRequest[FileChunk]):
    """Reads a part of a file of a recording. Errors: `not_found`, `unauthenticated`."""

    verb: ClassVar[str] = "recording.read"
    tenant: TenantId | None = None
    """Whose recordings these are; a ticket tells it by itself."""
    recording_id: RecordingId
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$")]
    offset: Count
    length: Annotated[int, Field(ge=1, le=MAX_CHUNK)] = MAX_CHUNK
    ticket: Annotated[str, Field(max_length=128)] | None = None
    """Set: the reader shows this ticket, and nothing else."""
