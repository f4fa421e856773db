"""Recordings, as the bus, the socket and the HTTP routes describe them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Model
from .open_enum import OpenEnum
from .types import CallId, Count, Id, UserId

RecordingId = Id
RecordingState = Annotated[Literal["recording", "processing", "finished", "other"], OpenEnum()]
"""`recording`: media is written. `processing`: it has stopped, its files are being completed. `finished`: done."""
StopReason = Annotated[Literal["requested", "room_closed", "disk_full", "failed", "other"], OpenEnum()]
"""Why a recording stopped. `room_closed`: the last participant left long ago. `failed`: it could not be written."""

GapCause = Annotated[Literal["paused", "lost", "silent", "other"], OpenEnum()]
"""Why a file has no media for a while. `paused`: the sender paused it. `lost`: packets were lost. `silent`: nothing was
received."""

CompositionLayout = Literal["grid", "speaker"]
CompositionFormat = Literal["mp4", "webm"]
CompositionState = Annotated[Literal["queued", "running", "done", "failed", "other"], OpenEnum()]
"""`queued`: a recorder will make it. `running`: one does. `done`: its file can be read. `failed`: there is none."""
PictureSide = Annotated[int, Field(ge=160, le=1920, multiple_of=2)]
MAX_PIXELS = 1920 * 1080
"""Of a composed picture."""
MAX_COMPOSITIONS = 8
"""Of one recording."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]


class CompositionOptions(Model):
    """How one file is made of the tracks of a recording."""

    layout: CompositionLayout = "grid"
    """`grid`: everybody of one size. `speaker`: who speaks is large. A shared screen is large in both."""
    format: CompositionFormat = "mp4"
    """`mp4`: H264 and AAC. `webm`: VP9 and opus."""
    audio_only: bool = False
    """Whether the file has the mixed sound and no picture."""
    width: PictureSide = 1280
    """Pixels: 160 to 1920, even. At most 2073600 pixels in all."""
    height: PictureSide = 720
    """As `width`."""

    @model_validator(mode="after")
    def _bound_pixels(self) -> Self:
        if self.width * self.height > MAX_PIXELS:
            raise ValueError(f"has more than {MAX_PIXELS} pixels")
        return self


class Composition(Model):
    """A file that a recorder makes of the tracks of a recording."""

    composition_id: Id
    """The composition's id."""
    layout: Annotated[Literal["grid", "speaker", "other"], OpenEnum()]
    """`grid`: everybody of one size. `speaker`: who speaks is large. A shared screen is large in both."""
    format: Annotated[Literal["mp4", "webm", "other"], OpenEnum()]
    """`mp4`: H264 and AAC. `webm`: VP9 and opus."""
    audio_only: bool
    """Whether the file has the mixed sound and no picture."""
    width: Count
    """Pixels."""
    height: Count
    """Pixels."""
    state: CompositionState
    """`queued`: a recorder will make it. `running`: one does. `done`: its file can be read. `failed`: there is none."""
    progress: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How much of the recording is composed, from 0 to 1."""
    requested_at: int
    """Unix milliseconds."""
    file: FileName | None = None
    """The name of the file, whose time 0 is the start of the recording; absent until it is `done`."""
    poster: FileName | None = None
    """The name of a JPEG picture of it; absent until it is `done`, and when there is no picture."""
    duration: Count | None = None
    """Milliseconds; absent until it is `done`."""
    bytes: Count | None = None
    """The size of the file; absent until it is `done`."""
    error: str | None = None
    """Why it failed."""


class RecordingInfo(Model):
    """A recording."""

    recording_id: RecordingId
    """The recording's id."""
    call_id: CallId
    """The room that it is of."""
    state: RecordingState
    """`recording`: media is written. `processing`: it has stopped, its files are being completed. `finished`: done."""
    audio_only: bool
    """Whether it has no video."""
    started_by: UserId | None = None
    """The `userId` of the participant who started it; absent when a server did."""
    started_at: int
    """Unix milliseconds."""
    stopped_at: int | None = None
    """Unix milliseconds."""
    stop_reason: StopReason | None = None
    """`requested`; `room_closed`: the room was closed; `disk_full`: the recorder's disk was full; `failed`: it could
    not be written; `other`: a reason that this version of the server does not know."""
    compositions: Sequence[Composition] = ()
    """The files that were made, or will be, of all its tracks."""


TICKET_LIFETIME = 12 * 3600 * 1000
"""Milliseconds. A player requests ranges of a file for as long as it is open."""


class RecordingTicket(Model):
    """Gives access to the files of one recording without any other credential, for players and links."""

    ticket: Annotated[str, Field(max_length=128)]
    """The query parameter `ticket` of the files' addresses."""
    expires_at: int
    """Unix milliseconds."""


class Gap(Model):
    """A time for which a track has no media."""

    start: Count
    """Milliseconds since the start of the recording."""
    end: Count
    """As `start`."""
    cause: GapCause
    """`paused`: the sender paused the track. `lost`: packets were lost. `silent`: nothing was received."""


class RecordedTrack(Model):
    """One file: a track or a part of one. It goes on in another file when a recorder or media node is replaced."""

    file: FileName
    """The name of the file."""
    peer_id: Id
    """Whose track it is."""
    user_id: UserId
    """The `userId` of the peer."""
    display_name: str
    """The name of the peer."""
    producer_id: Id
    """The producer; parts of one track may have different ones."""
    source: str
    """`microphone`, `camera`, `screen`, `screen-audio`, or what the application calls it."""
    kind: str
    """`audio` or `video`."""
    codec: str
    """`opus`, `vp8`, `vp9`, `av1` or `h264`."""
    segment: Count
    """How many recorders had the recording before: 0 for the first one."""
    start: Count
    """Milliseconds from the start of the recording to the first frame, at which the file's time is 0."""
    duration: Count | None = None
    """Milliseconds; absent while the file is written."""
    bytes: Count | None = None
    """The size of the file; absent while it is written."""
    gaps: list[Gap] = Field(default_factory=list)
    """When the track has no media."""
    complete: bool = False
    """Whether the file has an index and a duration. A file without can be played, but not everywhere be sought in."""


class Manifest(Model):
    """What belongs to a recording: the content of its file `manifest.json`."""

    version: int = 1
    """Of this format."""
    segment: Count = 0
    """How many recorders had the recording before the one that wrote this."""
    recording: RecordingInfo
    """The recording."""
    tracks: list[RecordedTrack] = Field(default_factory=list)
    """Its files, in the order of their creation."""
    captions: str | None = None
    """The name of the WebVTT file of what was said; absent when the room had no captions."""
