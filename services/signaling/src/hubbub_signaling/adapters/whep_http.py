"""The routes of WHEP (draft-ietf-wish-whep-03). Every request needs authorization for its room."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query, Request, Response

from hubbub_contracts.types import Id

from ..domain.identity import Identity
from ..domain.whep_slots import Subject, VideoSource
from ..handlers.whep.sessions import WhepSessions
from .media_authorization import MediaAuthorization, Room
from .session_routes import SDP_BODY, base_path, created, endpoint_router, read_offer, session_router

_Source = Annotated[VideoSource, Query(description="Which video: of the camera, or of the shared screen.")]


class WhepApi:
    """The routes."""

    def __init__(self, sessions: WhepSessions, authorization: MediaAuthorization) -> None:
        self._sessions = sessions
        self._authorization = authorization

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        authorization = self._authorization
        authorize = Depends(authorization.authorize)
        endpoint = endpoint_router("/whep/{room}", "whep", authorization)

        @endpoint.post("", status_code=201, response_class=Response, openapi_extra=SDP_BODY)
        async def watch_room(
            request: Request, room: Room, identity: Identity = authorize, source: _Source = "camera"
        ) -> Response:
            """Receives those who speak: the body is an offer, the answer's `Location` the session."""
            return await self._watch(request, room, identity, Subject(None, source))

        @endpoint.post("/{peer}", status_code=201, response_class=Response, openapi_extra=SDP_BODY)
        async def watch_peer(
            request: Request,
            room: Room,
            peer: Annotated[Id, Path()],
            identity: Identity = authorize,
            source: _Source = "camera",
        ) -> Response:
            """Receives one peer: the body is an offer, the answer's `Location` the session."""
            return await self._watch(request, room, identity, Subject(peer, source))

        app.include_router(endpoint)
        app.include_router(session_router("whep", authorization, self._sessions))

    async def _watch(self, request: Request, room: str, identity: Identity, subject: Subject) -> Response:
        self._authorization.limits.take_room_request(request, identity)
        watched = await self._sessions.watch(identity, room, subject, await read_offer(request))
        return created(request, base_path("whep", room), watched)
