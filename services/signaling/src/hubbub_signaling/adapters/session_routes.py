"""What the routes of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) have in common.

Rules
- A session URL is answered 404 as soon as its session has ended, and for a wrong secret.
- GET and HEAD have no meaning yet and are answered without a body.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Protocol
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.base import IceServer
from hubbub_sdp import InvalidSdp, parse_fragment

from ..domain.identity import Identity
from ..handlers.http_session import CreatedSession, HttpSession
from .http_errors import HttpError, read_body
from .media_authorization import MediaAuthorization, Room

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
MAX_BODY = 64 * 1024
"""Bytes of an offer or a fragment."""
SDP_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}}
"""The body of a POST, for the OpenAPI document."""
_FRAGMENT_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {FRAGMENT: {"schema": {"type": "string"}}}}
}
_ANY = frozenset({"*", '"*"'})
"""`If-Match` of an ICE restart. RFC 9725 writes it with quotes; RFC 9110, section 13.1.1, without."""

_Session = Annotated[str, Path(max_length=512)]


class HttpSessions(Protocol):
    """The sessions of one protocol."""

    async def find(self, identity: Identity, call_id: str, key: str) -> HttpSession:
        """The session of a session URL. Raises `not_found`."""

    async def end(self, session: HttpSession) -> None:
        """Ends a session at its client's request."""


async def read_offer(request: Request) -> str:
    """The offer in the body of a POST. Raises HubbubError."""
    return await _read_text(request, SDP, "Accept-Post")


def created(request: Request, base: str, session: CreatedSession) -> Response:
    """The answer to a POST. `base` is the path of the endpoint."""
    headers = {
        "Location": f"{request.scope.get('root_path', '')}{base}/{session.key}",
        "ETag": f'"{session.etag}"',
        "Accept-Patch": FRAGMENT,
        **_links(session.ice_servers),
    }
    return Response(session.answer, 201, headers, media_type=SDP)


def base_path(protocol: str, room: str) -> str:
    """The path of the endpoint of a room, to which session keys are appended."""
    return f"/{protocol}/{quote(room, safe='')}"


def endpoint_router(prefix: str, protocol: str, authorization: MediaAuthorization) -> APIRouter:
    """A router for one endpoint, with its routes besides POST."""
    router = APIRouter(prefix=prefix, tags=[protocol], dependencies=[Depends(authorization.authorize)])

    @router.options("", status_code=204)
    async def describe() -> Response:
        """Tells what the endpoint accepts."""
        return Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "POST, OPTIONS, GET, HEAD"})

    @router.get("", status_code=204)
    async def get_endpoint() -> None:
        """Has no meaning yet."""

    return router


def session_router(protocol: str, authorization: MediaAuthorization, sessions: HttpSessions) -> APIRouter:
    """The routes of session URLs."""
    authorize = Depends(authorization.authorize)
    router = APIRouter(prefix=f"/{protocol}/{{room}}/{{session}}", tags=[protocol], dependencies=[authorize])

    @router.patch("", response_class=Response, openapi_extra=_FRAGMENT_BODY, responses={204: {}, 412: {}, 428: {}})
    async def patch(request: Request, room: Room, session: _Session, identity: Identity = authorize) -> Response:
        """Adds candidates of the client, or restarts ICE with `If-Match: "*"`."""
        text = await _read_text(request, FRAGMENT, "Accept-Patch")
        found = await sessions.find(identity, room, session)
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
    async def end(room: Room, session: _Session, identity: Identity = authorize) -> Response:
        """Ends the session."""
        await sessions.end(await sessions.find(identity, room, session))
        return Response()

    @router.get("", status_code=204)
    async def get_session(room: Room, session: _Session, identity: Identity = authorize) -> None:
        """Has no meaning yet."""
        await sessions.find(identity, room, session)

    return router


async def _read_text(request: Request, media_type: str, accept: str) -> str:
    """The body of a request. Raises an error with status 415 for another type, `too_large` and `invalid_argument`."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != media_type:
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
