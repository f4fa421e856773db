"""The HTTP routes about rooms."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import TypeAdapter

from hubbub_contracts import Done, ErrorCode, HubbubError, Model, ids
from hubbub_contracts.bus.room import MAX_PAGE
from hubbub_contracts.rest.rooms import (
    ANNOUNCE,
    CLOSE_ROOM,
    CREATE_ROOM,
    GET_ROOM,
    LIFT_BAN,
    LIST_ROOM_PEERS,
    LIST_ROOM_PRODUCERS,
    LIST_ROOM_TRANSPORTS,
    LIST_ROOMS,
    MUTE_ROOM_PEER,
    REMOVE_ROOM_PEER,
    STOP_ROOM_PEER,
    UPDATE_ROOM,
    AnnounceBody,
    CreateRoomBody,
    MuteBody,
    RoomInfo,
    RoomList,
    RoomPeers,
    RoomProducers,
    StopSourceBody,
    UpdateRoomBody,
)
from hubbub_contracts.rtc_stats import RoomTransports
from hubbub_contracts.types import CallId, Id, RoomId, UserId

from ..domain.authorization import Grant, require, require_room_id
from ..domain.identity import Identity
from ..domain.ports import Backend
from ..handlers import rooms
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import read_json, serve

_PLACEMENT: dict[str, Any] = {"nodeId": "node-1", "epoch": 7}
_ROOM: dict[str, Any] = {
    "callId": "standup",
    "createdAt": 1_764_000_000_000,
    "participants": 1,
    "waiting": 0,
    "locked": False,
    "lobby": False,
    "banned": [],
    "publishers": "everybody",
    "metadata": {"project": 7},
    "placement": _PLACEMENT,
    "nodes": ["node-1"],
}
_PRODUCER: dict[str, Any] = {
    "producerId": "b1Fh3mZk9sQvT0cUe5wX2A",
    "peerId": "m3X0kqJxW2p4d1Qz8rT7yA",
    "kind": "audio",
    "source": "microphone",
    "paused": False,
    "appData": {},
}
_PEER: dict[str, Any] = {
    "peerId": "m3X0kqJxW2p4d1Qz8rT7yA",
    "userId": "alice",
    "displayName": "Alice",
    "joinedAt": 1_764_000_002_000,
    "connectionState": "connected",
    "appData": {},
    "muted": [],
    "placement": _PLACEMENT,
    "producers": [_PRODUCER],
}
_TRANSPORT: dict[str, Any] = {
    "peerId": "m3X0kqJxW2p4d1Qz8rT7yA",
    "transportId": "uEJoIRbGmGgcDX9DmjqFuA",
    "timestamp": 1_764_000_003_000,
    "bytesReceived": 4_815_162,
    "bytesSent": 342_108,
    "worker": 0,
}
_PIPE: dict[str, Any] = {
    "producerId": "b1Fh3mZk9sQvT0cUe5wX2A",
    "origin": {"nodeId": "node-1", "worker": 0},
    "target": {"nodeId": "node-2", "worker": 1},
    "connected": True,
    "encodings": [True],
    "bitrate": 31_200,
}
_EXAMPLES: Mapping[type[Model], dict[str, Any]] = {
    RoomInfo: _ROOM,
    RoomList: {"rooms": [_ROOM]},
    RoomPeers: {"peers": [_PEER]},
    RoomProducers: {"producers": [_PRODUCER]},
    RoomTransports: {"transports": [_TRANSPORT], "pipes": [_PIPE], "pipesLeftOut": 0},
    Done: {},
}
_CALL_ID: TypeAdapter[str] = TypeAdapter(CallId)
_ENCODED = "~"
"""Begins a room id in a path, where a `callId` is expected."""

RoomInPath = Annotated[str, Path(min_length=1, max_length=345)]
PeerIdInPath = Annotated[Id, Path(alias="peerId")]


def room_id_of(room: str, tenant: str | None) -> str:
    """The room id that a path names for somebody of this tenant: by the `callId`, or encoded. Raises `not_found`."""
    try:
        call_id = ids.call_id(room.removeprefix(_ENCODED)) if room.startswith(_ENCODED) else room
        return ids.room_id(_CALL_ID.validate_python(call_id), tenant)
    except ValueError as error:  # pydantic's ValidationError is one
        raise HubbubError(ErrorCode.NOT_FOUND, "no such room") from error


class RoomsApi:
    """The routes, with their access rules and limits.

    With access tokens, a client needs the grant `moderate` in the room, and `admin` to create and list rooms. Without,
    it needs the API key, or has to be on this machine.
    """

    def __init__(self, backend: Backend, identification: Identification, limits: HttpLimits) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _identify(self, request: Request) -> Identity:
        """As whom the client acts."""
        return self._limits.identify(request, self._identification.identify_without_user)

    def _router(self) -> APIRouter:
        router = APIRouter(tags=["rooms"])
        identified = Annotated[Identity, Depends(self._identify)]

        async def moderated(identity: identified, room: RoomInPath) -> str:
            require(identity, Grant.MODERATE)
            room_id = room_id_of(room, identity.tenant)
            require_room_id(identity, room_id)
            return room_id

        async def admin(identity: identified) -> Identity:
            require(identity, Grant.ADMIN)
            return identity

        self._add_all_rooms(router, Depends(admin))
        self._add_one_room(router, Depends(moderated))
        self._add_peers(router, Depends(moderated))
        return router

    def _add_all_rooms(self, router: APIRouter, admin: Any) -> None:
        backend = self._backend

        @serve(router, _EXAMPLES, CREATE_ROOM, names_user=False)
        async def create_room(request: Request, response: Response, identity: Identity = admin) -> RoomInfo:
            self._limits.take_room_request(request, identity)
            created = await rooms.create(backend, identity.tenant, await read_json(request, CreateRoomBody))
            path = f"/rooms/{_ENCODED}{ids.room_id(created.call_id)}"
            response.headers["Location"] = f"{request.scope.get('root_path', '')}{path}"
            return created

        @serve(router, _EXAMPLES, LIST_ROOMS, names_user=False)
        async def list_rooms(
            identity: Identity = admin,
            after: Annotated[RoomId | None, Query()] = None,
            limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        ) -> RoomList:
            return await rooms.list_rooms(backend, identity.tenant, after, limit)

    def _add_one_room(self, router: APIRouter, moderated: Any) -> None:
        backend = self._backend

        @serve(router, _EXAMPLES, GET_ROOM, names_user=False)
        async def get_room(room_id: str = moderated) -> RoomInfo:
            return await rooms.get(backend, room_id)

        @serve(router, _EXAMPLES, UPDATE_ROOM, names_user=False)
        async def update_room(request: Request, room_id: str = moderated) -> RoomInfo:
            return await rooms.update(backend, room_id, await read_json(request, UpdateRoomBody))

        @serve(router, _EXAMPLES, CLOSE_ROOM, names_user=False)
        async def close_room(room_id: str = moderated) -> Done:
            return await rooms.close(backend, room_id)

        @serve(router, _EXAMPLES, ANNOUNCE, names_user=False)
        async def announce(request: Request, room_id: str = moderated) -> Done:
            return await rooms.announce(backend, room_id, await read_json(request, AnnounceBody))

    def _add_peers(self, router: APIRouter, moderated: Any) -> None:
        backend = self._backend

        @serve(router, _EXAMPLES, LIST_ROOM_PEERS, names_user=False)
        async def list_peers(room_id: str = moderated) -> RoomPeers:
            return await rooms.list_peers(backend, room_id)

        @serve(router, _EXAMPLES, LIST_ROOM_PRODUCERS, names_user=False)
        async def list_producers(room_id: str = moderated) -> RoomProducers:
            return await rooms.list_producers(backend, room_id)

        @serve(router, _EXAMPLES, LIST_ROOM_TRANSPORTS, names_user=False)
        async def list_transports(room_id: str = moderated) -> RoomTransports:
            return await rooms.list_transports(backend, room_id)

        @serve(router, _EXAMPLES, REMOVE_ROOM_PEER, names_user=False)
        async def remove_peer(
            peer_id: PeerIdInPath, ban: Annotated[bool, Query()] = False, room_id: str = moderated
        ) -> Done:
            return await rooms.remove_peer(backend, room_id, peer_id, ban=ban)

        @serve(router, _EXAMPLES, LIFT_BAN, names_user=False)
        async def lift_ban(user_id: Annotated[UserId, Query(alias="userId")], room_id: str = moderated) -> Done:
            return await rooms.lift_ban(backend, room_id, user_id)

        @serve(router, _EXAMPLES, MUTE_ROOM_PEER, names_user=False)
        async def mute_peer(peer_id: PeerIdInPath, request: Request, room_id: str = moderated) -> Done:
            return await rooms.mute_peer(backend, room_id, peer_id, await read_json(request, MuteBody))

        @serve(router, _EXAMPLES, STOP_ROOM_PEER, names_user=False)
        async def stop_source(peer_id: PeerIdInPath, request: Request, room_id: str = moderated) -> Done:
            return await rooms.stop_source(backend, room_id, peer_id, await read_json(request, StopSourceBody))
