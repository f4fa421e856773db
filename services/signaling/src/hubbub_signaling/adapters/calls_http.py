"""The HTTP routes about calls."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from hubbub_contracts import Model
from hubbub_contracts.bus.call import MAX_PAGE, ListCalls
from hubbub_contracts.call import CallInfo
from hubbub_contracts.rest.calls import (
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
    StartCallBody,
)
from hubbub_contracts.types import GroupId, LiveCallId, UserId

from ..domain.authorization import Grant, require
from ..domain.calls.ports import CallsBackend
from ..domain.identity import Identity
from ..handlers.calls import requests
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import read_json, serve

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
        limits: HttpLimits,
    ) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _identify(self, request: Request) -> Identity:
        """As whom the client acts."""
        identity = self._limits.identify(request, self._identification.identify)
        require(identity, Grant.CALLS)
        return identity

    def _router(self) -> APIRouter:
        router, backend = APIRouter(tags=["calls"]), self._backend
        identified = Annotated[Identity, Depends(self._identify)]

        @serve(router, _EXAMPLES, START_CALL)
        async def start_call(identity: identified, request: Request, response: Response) -> CallInfo:
            self._limits.take_room_request(request, identity)
            call = await requests.start(backend, identity, await read_json(request, StartCallBody))
            response.headers["Location"] = f"{request.scope.get('root_path', '')}/calls/{call.call_id}"
            return call

        @serve(router, _EXAMPLES, LIST_CALLS)
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
                    tenant=identity.tenant,
                    user_id=identity.require_user(),
                    group_id=group_id,
                    state=state,
                    missed=missed,
                    before=before,
                    limit=limit,
                ),
            )

        @serve(router, _EXAMPLES, GET_CALL)
        async def get_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.get(backend, identity, call_id)

        @serve(router, _EXAMPLES, JOIN_CALL)
        async def join_call(identity: identified, call_id: CallIdInPath, request: Request) -> JoinedCall:
            self._limits.take_room_request(request, identity)
            return await requests.join(backend, identity, call_id)

        @serve(router, _EXAMPLES, LEAVE_CALL)
        async def leave_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.leave(backend, identity, call_id)

        @serve(router, _EXAMPLES, END_CALL)
        async def end_call(identity: identified, call_id: CallIdInPath) -> CallInfo:
            return await requests.end(backend, identity, call_id)

        @serve(router, _EXAMPLES, GET_PARTICIPANTS)
        async def get_participants(identity: identified, call_id: CallIdInPath) -> RoomParticipants:
            return await requests.participants(backend, identity, call_id)

        @serve(router, _EXAMPLES, GET_PRESENCE)
        async def get_presence(
            identity: identified,
            user_id: Annotated[list[UserId], Query(alias="userId", min_length=1, max_length=100)],
        ) -> PresenceList:
            return PresenceList(users=await requests.presence(backend, identity.tenant, list(dict.fromkeys(user_id))))

        return router
