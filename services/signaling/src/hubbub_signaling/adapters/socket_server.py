"""Socket.IO: the packets of clients become requests of sessions.

python-socketio manages connections and namespaces. Events are parsed here instead, so that a client can neither call a
handler by sending an event named `connect` or `disconnect`, nor send binary attachments, nor have its events handled
out of order.

This file uses private parts of python-socketio (`_engineio_server_class`, `_handle_eio_message`, `_handle_eio_connect`,
`_handle_eio_disconnect`) and a socket's `queue` of python-engineio. Their versions are pinned, and
`tests/integration/test_hostile_sockets.py` fails when they change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import socketio
import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.room import CreateRoom
from hubbub_service import Tasks

from ..domain.address_limits import AddressLimits
from ..domain.origins import AllowedOrigins
from ..domain.ports import SessionTelemetry
from ..domain.rate_limit import RateLimit, TokenBucket, Verdict
from ..handlers.session import Session
from ..handlers.session_manager import SessionManager
from .client_connection import ClientConnection
from .engine_server import EngineServer, InvalidPayload, Receive, Send, read_payload, replay
from .forwarded import ForwardedHeaders
from .http_server import transport_of
from .send_queue import SendQueue
from .socket_packets import MAX_FRAME, is_connect_or_disconnect, parse_event, parse_event_head

Scope = MutableMapping[str, Any]

CONNECT_TIMEOUT = 10.0
"""Seconds from the Engine.IO connection to the Socket.IO session."""
JOIN_TIMEOUT = 300.0
"""Seconds from the Socket.IO session until the client must be in a room."""
CLOSE_TIMEOUT = 3.0
"""Seconds that a client has to read what was queued before its connection was closed."""

_log = structlog.get_logger(__name__)


class _Client:
    """A Socket.IO session with its rate limits."""

    def __init__(self, connection: ClientConnection, session: Session, address: str) -> None:
        self.connection = connection
        self.session = session
        self.address = address
        self.messages = RateLimit()
        self.room_requests = TokenBucket(rate=1.0, burst=100.0)


class _EngineConnection:
    """An Engine.IO connection."""

    def __init__(self, address: str, queue: SendQueue, websocket: asyncio.Transport | None) -> None:
        self.address = address
        self.queue = queue
        self.websocket = websocket
        """None: the client polls."""
        self.client: _Client | None = None
        """None until the client opens its Socket.IO session."""
        self.timer: asyncio.TimerHandle | None = None
        self.posting = False
        """Whether a POST is being read. Two at once are against the protocol."""
        self.ended = False


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The Socket.IO server of one signaling instance."""

    def __init__(
        self,
        sessions: SessionManager,
        telemetry: SessionTelemetry,
        *,
        origins: AllowedOrigins,
        limits: AddressLimits,
        forwarded: ForwardedHeaders,
    ) -> None:
        super().__init__(
            async_mode="asgi",
            cors_allowed_origins=self._allows_origin,
            max_http_buffer_size=MAX_FRAME,
            ping_interval=5,
            ping_timeout=5,
            logger=False,
            engineio_logger=False,
        )
        self._sessions = sessions
        self._telemetry = telemetry
        self._origins = origins
        self._limits = limits
        self._forwarded = forwarded
        self._ending = Tasks()
        self._connections: dict[str, _EngineConnection] = {}
        """By Engine.IO id."""
        self.on("connect", self._connected)
        self.on("disconnect", self._disconnected)

    @property
    def connections(self) -> int:
        """How many clients have a Socket.IO session."""
        return sum(connection.client is not None for connection in self._connections.values())

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of Engine.IO."""
        eio_sid = parse_qs(scope["query_string"].decode("latin-1")).get("sid", [None])[0]
        connection = self._connections.get(eio_sid) if eio_sid else None
        if eio_sid is None and not self._limits.may_connect(self._forwarded.client_address(scope)):
            await _refuse(scope, send, 429, "too many connections from this address")
            return
        if scope["type"] == "websocket" and connection is not None and not self.eio.sockets[eio_sid].upgraded:
            connection.websocket = transport_of(scope)
        if scope["type"] == "http" and scope["method"] == "POST":
            if eio_sid is None or connection is None or connection.posting:
                await _refuse(scope, send, 400, "no such session, or it is already sending")
                return
            connection.posting = True
            try:
                scope, receive = replay(
                    scope, receive, await read_payload(receive, lambda: connection.client is not None)
                )
            except InvalidPayload:
                _log.info("a client sent garbage over long polling, closing its connection")
                await self._close(eio_sid)
                await _refuse(scope, send, 400, "not a payload of Engine.IO packets")
                return
            finally:
                connection.posting = False
        await super().handle_request(scope, receive, send)

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def _allows_origin(self, origin: str | None, environ: dict[str, Any]) -> bool:
        return origin is not None and self._origins.allows(origin, self._forwarded.host(environ["asgi.scope"]))

    async def _close(self, eio_sid: str) -> None:
        """Ends a connection after what is queued has been sent, or `CLOSE_TIMEOUT` has passed."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            await socket.close(wait=False, reason=self.eio.reason.SERVER_DISCONNECT)
            # python-engineio leaves closing to the client. None in the queue makes its writer close the WebSocket.
            socket.queue.put_nowait(None)

    async def _abort(self, eio_sid: str) -> None:
        """Ends the connection of a client that does not read, and discards what is queued."""
        socket, connection = self.eio.sockets.get(eio_sid), self._connections.get(eio_sid)
        if socket is None or connection is None:
            return
        _log.warning("a client does not read, aborting its connection", waiting_bytes=connection.queue.waiting_bytes)
        connection.queue.clear()
        if connection.websocket is not None:
            connection.websocket.abort()
        await socket.close(wait=False, abort=True, reason=self.eio.reason.SERVER_DISCONNECT)
        connection.queue.put_nowait(None)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        scope = environ["asgi.scope"]
        address = self._forwarded.client_address(scope)
        self._limits.connected(address, time.monotonic())
        websocket = transport_of(scope) if scope["type"] == "websocket" else None
        self._connections[eio_sid] = _EngineConnection(address, self.eio.sockets[eio_sid].queue, websocket)
        self._close_unless(lambda connection: connection.client is not None, eio_sid, CONNECT_TIMEOUT)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        connection = self._connections[eio_sid]
        connection.ended = True
        self._limits.disconnected(connection.address)
        if connection.timer is not None:
            connection.timer.cancel()
        if connection.websocket is not None:
            # A client that does not read would keep the connection, and what is queued, for as long as it likes.
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, connection.websocket.abort)
        try:
            await super()._handle_eio_disconnect(eio_sid, reason)
        finally:
            del self._connections[eio_sid]

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Dispatches a client's packet: events to its session, connect and disconnect to python-socketio."""
        connection = self._connections.get(eio_sid)
        if connection is None or connection.ended:
            return  # a packet that was queued when the connection ended would open a session without a client
        if isinstance(data, str) and data.startswith("2") and connection.client is not None:
            self._receive(connection.client, data)
        elif isinstance(data, str) and is_connect_or_disconnect(data, connected=connection.client is not None):
            try:
                await super()._handle_eio_message(eio_sid, data)
            except (ValueError, RecursionError):
                await self._close(eio_sid)
        else:
            await self._close(eio_sid)

    def _receive(self, client: _Client, data: str) -> None:
        """Parses an event and passes it to the client's session."""
        head = parse_event_head(data)
        if head is None:
            client.connection.close()
            return
        acknowledge = client.connection.acknowledger(head.ack_id)
        now = time.monotonic()
        try:
            match client.messages.check(now):
                case Verdict.DISCONNECT:
                    client.connection.close()
                    return
                case Verdict.REFUSE:
                    raise HubbubError(ErrorCode.RATE_LIMITED, "too many messages", retryable=True)
            event, payload = parse_event(data, head)
            if event == CreateRoom.event:
                self._take_room_request(client, now)
        except HubbubError as error:
            self._telemetry.request_answered("unknown", error.code.value, 0.0)
            acknowledge(error.reply().wire())
            return
        client.session.receive(event, payload, acknowledge)

    def _take_room_request(self, client: _Client, now: float) -> None:
        if not client.room_requests.take(now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this connection requested too many rooms", retryable=True)
        if not self._limits.take_room_request(client.address, now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this address requested too many rooms", retryable=True)

    async def _connected(self, sid: str, _environ: dict[str, Any], _auth: object = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        engine = self._connections[eio_sid]
        connection = ClientConnection(
            engine.queue,
            close=lambda: self._spawn(self._close(eio_sid)),
            abort=lambda: self._spawn(self._abort(eio_sid)),
        )
        engine.client = _Client(connection, self._sessions.open(connection), engine.address)
        self._close_unless(
            lambda connection: connection.client is not None and connection.client.session.joined, eio_sid, JOIN_TIMEOUT
        )

    async def _disconnected(self, sid: str, reason: str) -> None:
        engine = self._connections.get(self.manager.eio_sid_from_sid(sid, "/"))
        if engine is not None and engine.client is not None:
            client, engine.client = engine.client, None
            client.connection.stop()
            by_server = reason in (self.eio.reason.PING_TIMEOUT, self.eio.reason.SERVER_DISCONNECT)
            await self._sessions.socket_lost(client.session, closed_by_client=not by_server)

    def _close_unless(self, condition: Callable[[_EngineConnection], bool], eio_sid: str, seconds: float) -> None:
        """Closes the connection if `condition` is false after `seconds`. Replaces the connection's former timer."""
        connection = self._connections[eio_sid]
        if connection.timer is not None:
            connection.timer.cancel()

        def check() -> None:
            if not condition(connection):
                self._spawn(self._close(eio_sid))

        connection.timer = asyncio.get_running_loop().call_later(seconds, check)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._ending.spawn(work, "end-connection")


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    """Answers a request, or a WebSocket handshake, with an error."""
    response = "http.response" if scope["type"] == "http" else "websocket.http.response"
    await send({"type": f"{response}.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": f"{response}.body", "body": reason.encode()})
