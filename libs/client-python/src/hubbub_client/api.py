"""The server API of Hubbub, for the servers of an application and for operators: rooms, moderation, access tokens,
webhooks and media nodes.

    async with ServerApi("https://calls.example.org", key=API_KEY) as api:
        await api.create_room("standup", RoomOptions(max_peers=20))
        token = await api.create_token("alice", {"rooms": ["standup"], "join": True, "subscribe": True})

Needs no library for media.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import ValidationError

from hubbub_contracts import Done, ErrorReply, Model, ids
from hubbub_contracts.bus.node import WorkerLoad
from hubbub_contracts.bus.node_list import NodeInfo, NodeList
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.revocation import Revocation
from hubbub_contracts.bus.webhook import DeadLetterPage, Replayed, WebhookList
from hubbub_contracts.rest import access, nodes, rooms, webhooks
from hubbub_contracts.rest.access import RevokeBody
from hubbub_contracts.rest.nodes import DrainedNode
from hubbub_contracts.rest.rooms import (
    AnnounceBody,
    CreateRoomBody,
    MuteBody,
    RoomInfo,
    RoomPeer,
    RoomProducer,
    StopSourceBody,
    UpdateRoomBody,
)
from hubbub_contracts.rest.route import Route
from hubbub_contracts.rest.webhooks import WebhookBody
from hubbub_contracts.room_options import RoomOptions
from hubbub_contracts.rtc_stats import PipeEnd, RoomPipe, RoomTransports, TransportCounters
from hubbub_contracts.types import TrackSource
from hubbub_contracts.webhook import DeadLetter, Webhook, WebhookOptions

from .errors import CallError

__all__ = [
    "CallError",
    "DeadLetter",
    "DrainedNode",
    "NodeInfo",
    "PipeEnd",
    "Placement",
    "Revocation",
    "RoomInfo",
    "RoomOptions",
    "RoomPeer",
    "RoomPipe",
    "RoomProducer",
    "RoomTransports",
    "ServerApi",
    "TrackSource",
    "TransportCounters",
    "Webhook",
    "WebhookOptions",
    "WorkerLoad",
]

AnswerT = TypeVar("AnswerT", bound=Model)
TIMEOUT = 30.0
"""Seconds for one request."""


class ServerApi:
    """The routes of one installation. Each method raises CallError, whose `code` is the server's or `unreachable`."""

    def __init__(self, url: str, *, key: str | None = None, timeout: float = TIMEOUT) -> None:
        """Does nothing before it is entered.

        Arguments:
            url: of the installation, with its path prefix if it has one.
            key: an API key, or an access token with the grants that a route needs. None: a client on the same machine,
                of an installation without access tokens.
            timeout: seconds for one request.
        """
        self._url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def create_room(self, call_id: str, options: RoomOptions | None = None) -> RoomInfo:
        """Creates a room, or returns the existing one, whose options stay as they are."""
        chosen = RoomOptions() if options is None else options
        body = CreateRoomBody(call_id=call_id, **chosen.model_dump(by_alias=False, exclude_none=True))
        return await self._request(rooms.CREATE_ROOM, RoomInfo, body=body)

    async def rooms(self) -> AsyncIterator[RoomInfo]:
        """Yields the open rooms."""
        after: str | None = None
        while True:
            page = await self._request(rooms.LIST_ROOMS, rooms.RoomList, query={"limit": 100, "after": after})
            for room in page.rooms:
                yield room
            if page.next is None:
                return
            after = page.next

    async def room(self, call_id: str) -> RoomInfo:
        """A room."""
        return await self._request(rooms.GET_ROOM, RoomInfo, room=call_id)

    async def update_room(self, call_id: str, changes: UpdateRoomBody) -> RoomInfo:
        """Changes options of a room, locks it, or switches its lobby."""
        return await self._request(rooms.UPDATE_ROOM, RoomInfo, room=call_id, body=changes)

    async def close_room(self, call_id: str) -> None:
        """Ends a room for everybody in it."""
        await self._request(rooms.CLOSE_ROOM, Done, room=call_id)

    async def peers(self, call_id: str) -> list[RoomPeer]:
        """The participants of a room, with their tracks."""
        return (await self._request(rooms.LIST_ROOM_PEERS, rooms.RoomPeers, room=call_id)).peers

    async def producers(self, call_id: str) -> list[RoomProducer]:
        """The tracks that are sent in a room."""
        return (await self._request(rooms.LIST_ROOM_PRODUCERS, rooms.RoomProducers, room=call_id)).producers

    async def transports(self, call_id: str) -> list[TransportCounters]:
        """The transports of a room's participants, with what they have carried. Two answers show the bitrates."""
        return (await self.traffic(call_id)).transports

    async def traffic(self, call_id: str) -> RoomTransports:
        """The transports of a room's participants, and the pipes between the room's workers and nodes."""
        return await self._request(rooms.LIST_ROOM_TRANSPORTS, RoomTransports, room=call_id)

    async def nodes(self) -> list[NodeInfo]:
        """The media nodes of the installation, with their load."""
        return (await self._request(nodes.LIST_NODES, NodeList)).nodes

    async def drain_node(self, node_id: str, epoch: int | None = None) -> DrainedNode:
        """Stops a media node: its peers move to other nodes, and its process exits. Returns before that.

        With `epoch`, as `nodes` lists it, nothing is done if that incarnation has ended. `not_found`: no such node, or
        it is dead.
        """
        return await self._request(nodes.DRAIN_NODE, DrainedNode, node=node_id, query={"epoch": epoch})

    async def remove_peer(self, call_id: str, peer_id: str, *, ban: bool = False) -> None:
        """Removes a participant. With `ban`, its user may not join again until the room ends."""
        query = {"ban": "true"} if ban else {}
        await self._request(rooms.REMOVE_ROOM_PEER, Done, room=call_id, peer=peer_id, query=query)

    async def lift_ban(self, call_id: str, user_id: str) -> None:
        """Lets a banned user join again. Access tokens that the ban has revoked stay so."""
        await self._request(rooms.LIFT_BAN, Done, room=call_id, query={"userId": user_id})

    async def mute(self, call_id: str, peer_id: str, source: TrackSource) -> None:
        """Mutes a source of a participant's user, of all its peers, until it is lifted."""
        await self._request(rooms.MUTE_ROOM_PEER, Done, room=call_id, peer=peer_id, body=MuteBody(source=source))

    async def unmute(self, call_id: str, peer_id: str, source: TrackSource) -> None:
        """Lifts a mute, and asks the user to send again."""
        body = MuteBody(source=source, muted=False)
        await self._request(rooms.MUTE_ROOM_PEER, Done, room=call_id, peer=peer_id, body=body)

    async def stop_source(self, call_id: str, peer_id: str, source: TrackSource) -> None:
        """Closes a participant's tracks of one source. They may be started again."""
        await self._request(rooms.STOP_ROOM_PEER, Done, room=call_id, peer=peer_id, body=StopSourceBody(source=source))

    async def announce(self, call_id: str, data: dict[str, Any]) -> None:
        """Tells everybody in a room something, by the event `announcement`."""
        await self._request(rooms.ANNOUNCE, Done, room=call_id, body=AnnounceBody(data=data))

    async def create_token(
        self, user_id: str, grants: dict[str, Any], *, display_name: str | None = None, lifetime: int = 3600
    ) -> str:
        """An access token for a user, with these grants, for `lifetime` seconds.

        It is signed with the key of the installation: `unsupported` when that has none that can sign.
        """
        body = access.CreateTokenBody(user_id=user_id, grants=grants, display_name=display_name, lifetime=lifetime)
        return (await self._request(access.CREATE_TOKEN, access.CreatedToken, body=body)).token

    async def revoke(self, body: RevokeBody) -> Revocation:
        """Revokes access tokens."""
        return await self._request(access.REVOKE, Revocation, body=body)

    async def webhooks(self) -> list[Webhook]:
        """The endpoints to which events are posted."""
        return (await self._request(webhooks.LIST_WEBHOOKS, WebhookList)).webhooks

    async def create_webhook(self, options: WebhookOptions) -> Webhook:
        """Adds an endpoint. The answer has the keys that sign."""
        return await self._request(webhooks.CREATE_WEBHOOK, Webhook, body=_webhook_body(options))

    async def update_webhook(self, webhook_id: str, options: WebhookOptions) -> Webhook:
        """Replaces the options of an endpoint."""
        return await self._request(webhooks.UPDATE_WEBHOOK, Webhook, webhook=webhook_id, body=_webhook_body(options))

    async def delete_webhook(self, webhook_id: str) -> None:
        """Removes an endpoint with everything that waits for it."""
        await self._request(webhooks.DELETE_WEBHOOK, Done, webhook=webhook_id)

    async def test_webhook(self, webhook_id: str) -> None:
        """Posts an event `webhook.test`. The error says why it was not accepted."""
        await self._request(webhooks.TEST_WEBHOOK, Done, webhook=webhook_id)

    async def dead_letters(self, webhook_id: str) -> AsyncIterator[DeadLetter]:
        """Yields the events that could not be delivered, the oldest first."""
        after: int | None = 0
        while after is not None:
            query = {"after": after, "limit": 100}
            page = await self._request(webhooks.LIST_DEAD_LETTERS, DeadLetterPage, webhook=webhook_id, query=query)
            for letter in page.dead_letters:
                yield letter
            after = page.next

    async def replay(self, webhook_id: str) -> int:
        """Delivers the dead letters again. Returns how many."""
        return (await self._request(webhooks.REPLAY_DEAD_LETTERS, Replayed, webhook=webhook_id)).events

    async def _request(
        self,
        route: Route,
        answer: type[AnswerT],
        *,
        room: str | None = None,
        peer: str | None = None,
        webhook: str | None = None,
        node: str | None = None,
        query: dict[str, Any] | None = None,
        body: Model | None = None,
    ) -> AnswerT:
        if self._http is None:
            raise CallError("invalid_state", "use the API inside `async with`")
        path = route.path
        named = {"room": room and f"~{ids.room_id(room)}", "peerId": peer, "webhookId": webhook, "nodeId": node}
        for name, value in named.items():
            path = path.replace(f"{{{name}}}", quote(value or "", safe="~"))
        sent = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            async with self._http.request(
                route.method, self._url + path, params=sent, json=None if body is None else body.wire()
            ) as response:
                status, received = response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise CallError("unreachable", f"{route.method} {path}: {str(error) or 'no answer in time'}") from error
        return _parse(answer, status, received)


def _parse(answer: type[AnswerT], status: int, received: bytes) -> AnswerT:
    try:
        if 200 <= status < 300:
            return answer.model_validate_json(received)
        failure = ErrorReply.model_validate_json(received).error
    except ValidationError as error:
        raise CallError("internal", f"the server answered {status} with something else than expected") from error
    raise CallError(failure.code, failure.message, retryable=failure.retryable)


def _webhook_body(options: WebhookOptions) -> WebhookBody:
    return WebhookBody(url=options.url, events=options.events, secrets=options.secrets)
