"""The HTTP routes about calls."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model
from hubbub_contracts.bus.call import MAX_PAGE, ListCalls
from hubbub_contracts.call import CallInfo
from hubbub_contracts.rest import (
    END_CALL,
    GET_CALL,
    GET_PARTICIPANTS,
    GET_PRESENCE,
    JOIN_CALL,
    LEAVE_CALL,
    LIST_CALLS,
    START_CALL,
    CallList,
    CallStateFilter,
    JoinedCall,
    PresenceList,
    RoomParticipants,
    Route,
    StartCallBody,
)
from hubbub_contracts.types import GroupId, LiveCallId, UserId

from ..domain.address_limits import AddressLimits
from ..domain.authorization import Grant, require
from ..domain.calls.ports import CallsBackend
from ..domain.identity import USER_HEADER, Identity
from ..handlers.calls import requests
from ..handlers.client_request import validate
from .forwarded import ForwardedHeaders
from .http_errors import STATUS, read_body
from .identification import Identification

MAX_BODY = 64 * 1024
"""Bytes of a request's body. The largest legitimate one has 100 user ids and 8 KiB of `appData`."""

_EXAMPLE_CALL: dict[str, Any] = {
    "callId": "cZzd1rqXVYMcyWzvVJ2mRgw0aEw1hJc4pA9wq1n0dVtPQ",
    "state": "ringing",
    "callerId": "alice",
    "callerName": "Alice",
    "video": True,
    "appData": {},
    "participants": [{"userId": "alice", "state": "accepted"}, {"userId": "bob", "state": "ringing"}],
    "createdAt": 1_764_000_000_000,
    "ringUntil": 1_764_000_060_000,
}
_EXAMPLES: Mapping[type[Model], dict[str, Any]] = {
    CallInfo: _EXAMPLE_CALL,
    CallList: {"calls": [_EXAMPLE_CALL], "next": 1_764_000_000_000_123},
    JoinedCall: {
        "callId": _EXAMPLE_CALL["callId"],
        "userId": "bob",
        "rtpCapabilities": {"codecs": [], "headerExtensions": []},
        "call": {**_EXAMPLE_CALL, "state": "active", "answeredAt": 1_764_000_009_000},
    },
    RoomParticipants: {
        "callId": _EXAMPLE_CALL["callId"],
        "participants": [
            {
                "peerId": "uEJoIRbGmGgcDX9DmjqFuA",
                "userId": "alice",
                "displayName": "Alice",
                "joinedAt": 1_764_000_002_000,
                "connectionState": "connected",
            }
        ],
    },
    PresenceList: {"users": [{"userId": "bob", "status": "online", "devices": 2}]},
}


CallIdInPath = Annotated[LiveCallId, Path(alias="callId")]


class CallsApi:
    """The routes, with their access rules and limits."""

    def __init__(
        self,
        backend: CallsBackend,
        identification: Identification,
        limits: AddressLimits,
        forwarded: ForwardedHeaders,
    ) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits
        self._forwarded = forwarded

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    def _identify(self, request: Request) -> Identity:
        """As whom the client acts."""
        if not self._limits.take_http_request(self._address(request), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address made too many requests", retryable=True)
        identity = self._identification.identify(request.scope)
        require(identity, Grant.CALLS)
        return identity

    def _address(self, request: Request) -> str:
        return self._forwarded.client_address(request.scope)

    def _take_room_request(self, request: Request) -> None:
        if not self._limits.take_room_request(self._address(request), time.monotonic()):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address requested too many rooms", retryable=True)

    def _router(self) -> APIRouter:
        router, backend = APIRouter(tags=["calls"]), self._backend
        identified = Annotated[Identity, Depends(self._identify)]

        @_serve(router, START_CALL)
        async def start_call(identity: identified, request: Request, response: Response) -> CallInfo:
            self._take_room_request(request)
            call = await requests.start(backend, identity, await _read_body(request, StartCallBody))
            response.headers["Location"] = f"{request.scope.get('root_path', '')}/calls/{call.call_id}"
            return call

        @_serve(router, LIST_CALLS)
        async def list_calls(
            identity: identified,
            group_id: Annotated[GroupId | None, Query(alias="groupId")] = None,
            state: CallStateFilter | None = None,
            missed: bool = False,
            before: Annotated[int | None, Query(ge=0)] = None,
            limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        ) -> CallList:
            return await requests.list_calls(
                backend,
                ListCalls(
                    user_id=identity.require_user(),
                    group_id=group_id,
                    state=state,
                    missed=missed,
                    before=before,
                    limit=limit,
                ),
            )

        @_serve(router, GET_CALL)
        async def get_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.get(backend, identity, call_id)

        @_serve(router, JOIN_CALL)
        async def join_call(identity: identified, call_id: CallIdInPath, request: Request) -> JoinedCall:
            self._take_room_request(request)
            return await requests.join(backend, identity.require_user(), call_id)

        @_serve(router, LEAVE_CALL)
        async def leave_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.leave(backend, identity, call_id)

        @_serve(router, END_CALL)
        async def end_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.end(backend, identity, call_id)

        @_serve(router, GET_PARTICIPANTS)
        async def get_participants(identity: identified, call_id: CallIdInPath) -> RoomParticipants:
            return await requests.participants(backend, identity, call_id)

        @_serve(router, GET_PRESENCE)
        async def get_presence(
            _identity: identified,
            user_id: Annotated[list[UserId], Query(alias="userId", min_length=1, max_length=100)],
        ) -> PresenceList:
            return PresenceList(users=await requests.presence(backend, list(dict.fromkeys(user_id))))

        return router


def _serve(router: APIRouter, route: Route) -> Callable[[Callable[..., Awaitable[Model]]], Any]:
    """Registers the handler of a route, with its documentation."""
    answer = {"content": {"application/json": {"example": _EXAMPLES[route.answer]}}}
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorReply} for status in sorted({*STATUS.values()}) if status not in (422, 500)
    }
    extra: dict[str, Any] = {
        "parameters": [
            {
                "name": USER_HEADER,
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "The user.",
            }
        ]
    }
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return router.api_route(
        route.path,
        methods=[route.method],
        status_code=route.status,
        response_model=route.answer,
        response_model_exclude_none=True,
        summary=route.summary.split(".")[0],
        description=route.summary,
        responses={**errors, route.status: answer},
        openapi_extra=extra,
    )


async def _read_body(request: Request, model: type[StartCallBody]) -> StartCallBody:
    """Reads and validates the body. Raises `too_large` and `invalid_argument`."""
    body = await read_body(request, MAX_BODY)
    try:
        payload = json.loads(body, parse_constant=_refuse_constant) if body else None
    except (ValueError, RecursionError) as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "body: not valid JSON, or nested too deeply") from error
    return validate(model, payload)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
