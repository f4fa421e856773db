"""The HTTP routes of WHIP (RFC 9725).

Rules
- Every request needs authorization for its room. The preflights of browsers are answered before they come here.
- A session URL is answered 404 as soon as its session has ended, and for a wrong secret.
- GET and HEAD have no meaning yet and are answered without a body.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.base import IceServer
from hubbub_contracts.types import CallId, UserId
from hubbub_sdp import InvalidSdp, parse_fragment

from ..domain.address_limits import AddressLimits
from ..domain.identity import Identity
from ..domain.whip_access import WhipAccess, require_publisher
from ..handlers.whip.sessions import WhipSessions
from .forwarded import ForwardedHeaders
from .http_errors import HttpError, read_body
from .identification import Identification, bearer_token

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
MAX_BODY = 64 * 1024
"""Bytes of an offer or a fragment."""
DEFAULT_NAME = "publisher"
"""The name of a publisher that gives none."""
_ANY = frozenset({"*", '"*"'})
"""`If-Match` of an ICE restart. RFC 9725 writes it with quotes; RFC 9110, section 13.1.1, without."""

Room = Annotated[CallId, Path()]
Session = Annotated[str, Path(max_length=512)]
_SDP_BODY = {"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}}
_FRAGMENT_BODY = {"requestBody": {"required": True, "content": {FRAGMENT: {"schema": {"type": "string"}}}}}


class WhipApi:
    """The routes, with their access rules and limits."""

    def __init__(
        self,
        sessions: WhipSessions,
        access: WhipAccess,
        identification: Identification,
        limits: AddressLimits,
        forwarded: ForwardedHeaders,
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._identification = identification
        self._limits = limits
        self._forwarded = forwarded

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._endpoint())
        app.include_router(self._session())

    async def _authorize(self, request: Request, room: Room) -> Identity:
        """As whom the client publishes in this room."""
        now, address = time.monotonic(), self._forwarded.client_address(request.scope)
        if not self._limits.take_http_request(address, now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address made too many requests", retryable=True)
        identification, scope = self._identification, request.scope
        identity = self._access.identify(
            bearer_token(scope),
            loopback=self._forwarded.is_loopback(scope),
            by_token=(lambda: identification.identify(scope)) if identification.uses_tokens else None,
        )
        require_publisher(identity, room)
        return identity

    def _take_room_request(self, request: Request) -> None:
        if not self._limits.take_room_request(self._forwarded.client_address(request.scope), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address requested too many rooms", retryable=True)

    def _endpoint(self) -> APIRouter:
        authorize = Depends(self._authorize)
        router = APIRouter(prefix="/whip/{room}", tags=["whip"], dependencies=[authorize])

        @router.post("", status_code=201, response_class=Response, openapi_extra=_SDP_BODY)
        async def publish(
            request: Request,
            room: Room,
            identity: Identity = authorize,
            name: Annotated[UserId, Query()] = DEFAULT_NAME,
        ) -> Response:
            """Publishes audio and video into the room: the body is an offer, the answer's `Location` the session."""
            self._take_room_request(request)
            published = await self._sessions.publish(identity, room, name, await _read_text(request, SDP))
            root = request.scope.get("root_path", "")
            return Response(
                published.answer,
                201,
                {
                    "Location": f"{root}/whip/{quote(room, safe='')}/{published.key}",
                    "ETag": f'"{published.etag}"',
                    "Accept-Patch": FRAGMENT,
                    **_links(published.ice_servers),
                },
                media_type=SDP,
            )

        @router.options("", status_code=204)
        async def describe() -> Response:
            """Tells what the endpoint accepts."""
            return Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "POST, OPTIONS, GET, HEAD"})

        @router.get("", status_code=204)
        async def get_endpoint() -> None:
            """Has no meaning yet."""

        return router

    def _session(self) -> APIRouter:
        authorize = Depends(self._authorize)
        router = APIRouter(prefix="/whip/{room}/{session}", tags=["whip"], dependencies=[authorize])

        @router.patch("", response_class=Response, openapi_extra=_FRAGMENT_BODY, responses={204: {}, 412: {}, 428: {}})
        async def patch(request: Request, room: Room, session: Session, identity: Identity = authorize) -> Response:
            """Adds candidates of the client, or restarts ICE with `If-Match: "*"`."""
            text = await _read_text(request, FRAGMENT)
            found = await self._sessions.find(identity, room, session)
            tags = _entity_tags(request)
            try:
                fragment = parse_fragment(text)
            except InvalidSdp as error:
                raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"fragment: {error}") from error
            if not (tags & _ANY or f'"{found.etag}"' in tags):
                raise HttpError(412, ErrorCode.CONFLICT, "If-Match: this ICE session has been restarted")
            if found.is_trickle(fragment) or not tags & _ANY:
                # An ICE lite agent has no use for the candidates.
                return Response(status_code=204)
            answer = await found.restart_ice(fragment)
            return Response(answer, 200, {"ETag": f'"{found.etag}"'}, media_type=FRAGMENT)

        @router.delete("", status_code=200, response_class=Response)
        async def end(room: Room, session: Session, identity: Identity = authorize) -> Response:
            """Ends the session."""
            await self._sessions.end(await self._sessions.find(identity, room, session))
            return Response()

        @router.get("", status_code=204)
        async def get_session(room: Room, session: Session, identity: Identity = authorize) -> None:
            """Has no meaning yet."""
            await self._sessions.find(identity, room, session)

        return router


async def _read_text(request: Request, media_type: str) -> str:
    """The body of a request. Raises an error with status 415 for another type, `too_large` and `invalid_argument`."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != media_type:
        accept = "Accept-Patch" if media_type == FRAGMENT else "Accept-Post"
        message = f"Content-Type: must be {media_type}"
        raise HttpError(415, ErrorCode.INVALID_ARGUMENT, message, {accept: media_type})
    try:
        return (await read_body(request, MAX_BODY)).decode()
    except UnicodeDecodeError as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "the body is not UTF-8") from error


def _entity_tags(request: Request) -> set[str]:
    """The values of If-Match. Raises an error with status 428 without any."""
    tags = {tag.strip() for value in request.headers.getlist("if-match") for tag in value.split(",")} - {""}
    if not tags:
        raise HttpError(428, ErrorCode.INVALID_ARGUMENT, 'If-Match: the ETag of the session, or "*" to restart ICE')
    return tags


def _links(servers: Iterable[IceServer]) -> dict[str, str]:
    """The Link header with the ICE servers (RFC 9725, section 4.6)."""
    links = [
        "; ".join(
            [
                f"<{url}>",
                'rel="ice-server"',
                *([f'username="{_quoted(server.username)}"'] if server.username is not None else []),
                *([f'credential="{_quoted(server.credential)}"'] if server.credential is not None else []),
                *(['credential-type="password"'] if server.credential is not None else []),
            ]
        )
        for server in servers
        for url in server.urls
    ]
    return {"Link": ", ".join(links)} if links else {}


def _quoted(text: str) -> str:
    """The content of a quoted string (RFC 9110, section 5.6.4)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
