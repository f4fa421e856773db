"""The routes of WHIP (RFC 9725). Every request needs authorization for its room; preflights are answered before."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response

from hubbub_contracts.types import UserId

from ..domain.identity import Identity
from ..handlers.whip.sessions import WhipSessions
from .media_authorization import MediaAuthorization, Room
from .session_routes import SDP_BODY, base_path, created, endpoint_router, read_offer, session_router

DEFAULT_NAME = "publisher"
"""The name of a publisher that gives none."""


class WhipApi:
    """The routes."""

    def __init__(self, sessions: WhipSessions, authorization: MediaAuthorization) -> None:
        self._sessions = sessions
        self._authorization = authorization

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        authorization = self._authorization
        authorize = Depends(authorization.authorize)
        endpoint = endpoint_router("/whip/{room}", "whip", authorization)

        @endpoint.post("", status_code=201, response_class=Response, openapi_extra=SDP_BODY)
        async def publish(
            request: Request,
            room: Room,
            identity: Identity = authorize,
            name: Annotated[UserId, Query()] = DEFAULT_NAME,
        ) -> Response:
            """Publishes audio and video into the room: the body is an offer, the answer's `Location` the session."""
            authorization.limits.take_room_request(request, identity)
            published = await self._sessions.publish(identity, room, name, await read_offer(request))
            return created(request, base_path("whip", room), published)

        app.include_router(endpoint)
        app.include_router(session_router("whip", authorization, self._sessions))
