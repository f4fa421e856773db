"""The HTTP routes about recordings."""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.bus import recording as bus
from hubbub_contracts.recording import Composition, CompositionOptions, Manifest, RecordingInfo, RecordingTicket
from hubbub_contracts.rest.recordings import (
    COMPOSE_RECORDING,
    CREATE_TICKET,
    DELETE_RECORDING,
    GET_RECORDING,
    LIST_RECORDINGS,
    START_RECORDING,
    STOP_RECORDING,
    ComposeRecordingBody,
    StartRecordingBody,
)
from hubbub_contracts.types import CallId, Id

from ..domain.authorization import Grant, require, require_room
from ..domain.identity import Identity
from ..domain.ports import Backend
from ..domain.revocations import Revocations
from ..domain.ticket_holder import TicketHolder
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import read_json, serve

_MEDIA_TYPES = {
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "json": "application/json",
    "mp4": "video/mp4",
    "vtt": "text/vtt",
    "jpg": "image/jpeg",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)

_EXAMPLE: dict[str, Any] = {
    "recordingId": "uEJoIRbGmGgcDX9DmjqFuA",
    "callId": "standup",
    "state": "recording",
    "audioOnly": False,
    "startedBy": "alice",
    "startedAt": 1_764_000_000_000,
}
_COMPOSITION: dict[str, Any] = {
    "compositionId": "Zk3rT1bQm0x2Yv8sW5nLpA",
    "layout": "grid",
    "format": "mp4",
    "audioOnly": False,
    "width": 1280,
    "height": 720,
    "state": "queued",
    "progress": 0.0,
    "requestedAt": 1_764_000_090_000,
}
_EXAMPLES: dict[type[Model], dict[str, Any]] = {
    RecordingInfo: _EXAMPLE,
    bus.RecordingPage: {"recordings": [_EXAMPLE]},
    Done: {},
    RecordingTicket: {"ticket": f"1764043200000.{'0b' * 32}", "expiresAt": 1_764_043_200_000},
    Composition: _COMPOSITION,
    Manifest: {
        "version": 1,
        "recording": {**_EXAMPLE, "state": "finished", "stoppedAt": 1_764_000_060_000, "stopReason": "requested"},
        "tracks": [
            {
                "file": "00-001-microphone.webm",
                "peerId": "m3X0kqJxW2p4d1Qz8rT7yA",
                "userId": "alice",
                "displayName": "Alice",
                "producerId": "b1Fh3mZk9sQvT0cUe5wX2A",
                "source": "microphone",
                "kind": "audio",
                "codec": "opus",
                "segment": 0,
                "start": 140,
                "duration": 59_800,
                "bytes": 241_000,
                "gaps": [{"start": 20_000, "end": 31_000, "cause": "paused"}],
                "complete": True,
            }
        ],
    },
}

RecordingIdInPath = Annotated[Id, Path(alias="recordingId")]
Ticket = Annotated[str | None, Query(max_length=128)]
ReadChunk = Callable[[int, int], Awaitable[bus.FileChunk]]
"""Reads a part of one file: from an offset on, so many bytes."""
FileInPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$")]


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A recording that the client may handle, or read with its ticket."""

    tenant: str | None
    recording_id: str
    ticket: str | None = None


class RecordingsApi:
    """The routes, with their access rules and limits.

    With access tokens, a client needs the grant `record`, and the recordings of rooms in which it holds are the only
    ones that it can handle. Without, it needs the API key, or has to be on this machine. A file is also given to
    whoever has a ticket for it, which such a client has made, until the token of that client is revoked.
    """

    def __init__(
        self, backend: Backend, identification: Identification, limits: HttpLimits, revocations: Revocations
    ) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits
        self._revocations = revocations

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _identify(self, request: Request) -> Identity:
        """As whom the client acts."""
        identity = self._limits.identify(request, self._identification.identify_without_user)
        require(identity, Grant.RECORD)
        return identity

    async def _require_recording(self, identity: Identity, recording_id: str) -> None:
        """Raises `not_allowed` when the grants do not hold in the room of the recording, and `not_found`."""
        if not identity.grants.admin or identity.closed_rooms:
            found = await self._backend.recorder(bus.GetRecording(tenant=identity.tenant, recording_id=recording_id))
            require_room(identity, found.recording.call_id)

    def _router(self) -> APIRouter:
        router, recorder = APIRouter(tags=["recordings"]), self._backend.recorder
        identified = Annotated[Identity, Depends(self._identify)]

        async def of_recording(identity: identified, recording_id: RecordingIdInPath) -> _Allowed:
            await self._require_recording(identity, recording_id)
            return _Allowed(identity.tenant, recording_id)

        may_handle = Annotated[_Allowed, Depends(of_recording)]

        @serve(router, _EXAMPLES, START_RECORDING, names_user=False)
        async def start_recording(identity: identified, request: Request, response: Response) -> RecordingInfo:
            body = await read_json(request, StartRecordingBody)
            require_room(identity, body.call_id)
            started_by = body.user_id if identity.grants.admin else identity.user_id
            started = await recorder(
                bus.StartRecording(
                    tenant=identity.tenant, call_id=body.call_id, audio_only=body.audio_only, started_by=started_by
                )
            )
            response.headers["Location"] = f"{request.scope.get('root_path', '')}/recordings/{started.recording_id}"
            return started

        @serve(router, _EXAMPLES, LIST_RECORDINGS, names_user=False)
        async def list_recordings(
            identity: identified,
            call_id: Annotated[CallId | None, Query(alias="callId")] = None,
            before: Annotated[int | None, Query(ge=0)] = None,
            limit: Annotated[int, Query(ge=1, le=bus.MAX_PAGE)] = 20,
        ) -> bus.RecordingPage:
            if call_id is None:
                require(identity, Grant.ADMIN)
            else:
                require_room(identity, call_id)
            return await recorder(
                bus.ListRecordings(tenant=identity.tenant, call_id=call_id, before=before, limit=limit)
            )

        @serve(router, _EXAMPLES, GET_RECORDING, names_user=False)
        async def get_recording(identity: identified, recording_id: RecordingIdInPath) -> Manifest:
            found = await recorder(bus.GetRecording(tenant=identity.tenant, recording_id=recording_id))
            require_room(identity, found.recording.call_id)
            return found

        @serve(router, _EXAMPLES, STOP_RECORDING, names_user=False)
        async def stop_recording(allowed: may_handle) -> RecordingInfo:
            return await recorder(bus.StopRecording(tenant=allowed.tenant, recording_id=allowed.recording_id))

        @serve(router, _EXAMPLES, DELETE_RECORDING, names_user=False)
        async def delete_recording(allowed: may_handle) -> Done:
            return await recorder(bus.DeleteRecording(tenant=allowed.tenant, recording_id=allowed.recording_id))

        @serve(router, _EXAMPLES, COMPOSE_RECORDING, names_user=False)
        async def compose_recording(allowed: may_handle, request: Request) -> Composition:
            body = await read_json(request, ComposeRecordingBody)
            options = CompositionOptions(**body.model_dump(by_alias=False))
            return await recorder(
                bus.ComposeRecording(tenant=allowed.tenant, recording_id=allowed.recording_id, options=options)
            )

        @serve(router, _EXAMPLES, CREATE_TICKET, names_user=False)
        async def create_ticket(identity: identified, recording_id: RecordingIdInPath) -> RecordingTicket:
            found = await recorder(bus.GetRecording(tenant=identity.tenant, recording_id=recording_id))
            require_room(identity, found.recording.call_id)
            holder = TicketHolder.of(identity, found.recording.call_id)
            return await recorder(
                bus.CreateRecordingTicket(
                    tenant=identity.tenant, recording_id=recording_id, holder=None if holder is None else str(holder)
                )
            )

        self._add_files(router)
        return router

    def _add_files(self, router: APIRouter) -> None:
        async def of_ticket_or_recording(
            request: Request, recording_id: RecordingIdInPath, ticket: Ticket = None
        ) -> _Allowed:
            """What the client may read. With a ticket, `_read` and the recorder decide."""
            if ticket is not None:
                self._limits.take_request(request)
                return _Allowed(None, recording_id, ticket)
            identity = await self._identify(request)
            await self._require_recording(identity, recording_id)
            return _Allowed(identity.tenant, recording_id)

        may_read = Annotated[_Allowed, Depends(of_ticket_or_recording)]

        @router.get("/recordings/{recordingId}/files/{file}", response_class=Response)
        async def get_file(request: Request, file: FileInPath, allowed: may_read) -> Response:
            """A file of the recording, or the range of it that a player asks for."""
            read = partial(self._read, allowed, file)
            return await _file(read, file, request.headers.get("range"))

    async def _read(self, allowed: _Allowed, file: str, offset: int, length: int) -> bus.FileChunk:
        holder = None if allowed.ticket is None else TicketHolder.parse(allowed.ticket)
        if holder is not None and self._revocations.concern(holder):
            raise HubbubError(ErrorCode.UNAUTHENTICATED, "ticket: the access token that made it was revoked")
        request = bus.ReadRecordingFile(
            tenant=allowed.tenant,
            recording_id=allowed.recording_id,
            file=file,
            offset=offset,
            length=length,
            ticket=allowed.ticket,
        )
        return await self._backend.recorder(request)


async def _file(read: ReadChunk, name: str, wanted: str | None) -> Response:
    """A file, or the range that a player asks for. Raises `not_found` and `unauthenticated`."""
    size = (await read(0, 1)).size
    media_type = _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    span = parse_range(wanted, size)
    if span is None:
        body = _stream(read, 0, size)
        return StreamingResponse(body, 200, {**headers, "Content-Length": str(size)}, media_type)
    start, end = span
    if start >= end:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
    return StreamingResponse(_stream(read, start, end), 206, headers, media_type)


async def _stream(read: ReadChunk, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        chunk = base64.b64decode((await read(start, min(bus.MAX_CHUNK, end - start))).data)
        if not chunk:
            return
        yield chunk
        start += len(chunk)


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The bytes of a Range header (RFC 9110 section 14.2), the last one exclusive; empty when there are no such bytes.

    None: the whole file is wanted, or several ranges, which need not be served.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
