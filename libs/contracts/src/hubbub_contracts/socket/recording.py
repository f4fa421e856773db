"""Recordings of the room that the client is in."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model
from ..recording import RecordingId, RecordingInfo
from ..types import Revision, UserId
from .base import Mutation, Push


class RunningRecording(Model):
    """A recording of the room that is running."""

    recording_id: RecordingId
    """The recording's id."""
    audio_only: bool
    """Whether it has no video."""
    started_by: UserId | None = None
    """The `userId` of the participant who started it; absent when a server did."""
    started_at: int
    """Unix milliseconds."""


class StartRecording(Mutation[RecordingInfo]):
    """Records the room that the client is in. Everybody in it receives `recordingStarted`. When it is recorded already,
    the answer is that recording."""

    event: ClassVar[str] = "startRecording"
    audio_only: bool = False
    """Whether to record no video."""


class StopRecording(Mutation[Done]):
    """Stops a recording of the room that the client is in."""

    event: ClassVar[str] = "stopRecording"
    recording_id: RecordingId
    """The recording's id."""


class RecordingStarted(Push):
    """The room is recorded from now on."""

    event: ClassVar[str] = "recordingStarted"
    recording: RunningRecording
    """The recording."""
    revision: Revision
    """The room's revision that includes this change."""


class RecordingStopped(Push):
    """A recording of the room has stopped, or its recorder was lost."""

    event: ClassVar[str] = "recordingStopped"
    recording_id: RecordingId
    """The recording's id."""
    reason: str
    """`requested`; `disk_full`: the recorder's disk was full; `failed`: it could not be written; `recorder_lost`: its
    recorder is gone, and no other one has gone on within `RECONNECT_GRACE`. May get more values."""
    revision: Revision
    """The room's revision that includes this change."""
