"""The HTTP routes about recordings, and their bodies."""

from __future__ import annotations

from pydantic import ConfigDict

from ..base import Done, Model
from ..bus.recording import RecordingPage
from ..recording import Composition, CompositionOptions, Manifest, RecordingInfo, RecordingTicket
from ..types import CallId, UserId
from .route import Route


class StartRecordingBody(Model):
    """The body of `POST /recordings`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"callId": "standup", "audioOnly": False}]})

    call_id: CallId
    """The room to record; somebody must have created it."""
    audio_only: bool = False
    """Whether to record no video."""
    user_id: UserId | None = None
    """The user to name in `startedBy`. With the access token of a user who is no admin, it is that user."""


class ComposeRecordingBody(CompositionOptions):
    """The body of `POST /recordings/{recordingId}/compositions`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"layout": "speaker", "format": "mp4"}]})


START_RECORDING = Route(
    "POST",
    "/recordings",
    RecordingInfo,
    "Records a room, or returns the recording that runs. Everybody in the room is told.",
    StartRecordingBody,
    201,
)
LIST_RECORDINGS = Route(
    "GET",
    "/recordings",
    RecordingPage,
    "Lists recordings, the newest first. Only an admin lists those of all rooms.",
    query=(
        ("callId", "only recordings of this room"),
        ("before", "`next` of the page before"),
        ("limit", "1 to 100 recordings; 20 by default"),
    ),
)
GET_RECORDING = Route("GET", "/recordings/{recordingId}", Manifest, "Returns a recording and its files.")
STOP_RECORDING = Route("POST", "/recordings/{recordingId}/stop", RecordingInfo, "Stops a recording.")
CREATE_TICKET = Route(
    "POST",
    "/recordings/{recordingId}/ticket",
    RecordingTicket,
    "Creates a ticket. As the query parameter `ticket`, it gives access to the files of this recording for 12 hours, "
    "also where no header can be sent, as in a `<video>` element. Whoever has the address can read the file. It ends "
    "when the access token that made it is revoked.",
    status=201,
)
DELETE_RECORDING = Route(
    "DELETE", "/recordings/{recordingId}", Done, "Deletes a recording that has stopped, and its files."
)
COMPOSE_RECORDING = Route(
    "POST",
    "/recordings/{recordingId}/compositions",
    Composition,
    "Makes one file of all tracks of a recording, or returns the composition that was asked for with the same options. "
    "While the recording runs, it is composed live. `GET /recordings/{recordingId}` lists it with its progress.",
    ComposeRecordingBody,
    202,
)
RECORDING_ROUTES = (
    START_RECORDING,
    LIST_RECORDINGS,
    GET_RECORDING,
    STOP_RECORDING,
    COMPOSE_RECORDING,
    CREATE_TICKET,
    DELETE_RECORDING,
)
"""The routes about recordings with JSON bodies. Files are served at `/recordings/{recordingId}/files/{file}`."""
