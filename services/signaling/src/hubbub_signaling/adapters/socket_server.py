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
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import socketio
import structlog
from socketio import exceptions

from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded
from hubbub_contracts.socket.call import Accept
from hubbub_contracts.socket.calls_catalogue import NAMESPACE as CALLS_NAMESPACE
from hubbub_contracts.socket.room import CreateRoom
from hubbub_service import Tasks

from ..domain.client_limits import ClientLimits, Counted
from ..domain.identity import Identity
from ..domain.origins import AllowedOrigins
from ..domain.ports import SessionTelemetry
from ..domain.rate_limit import RateLimit, TokenBucket, Verdict
from ..handlers.calls.session import CallSession
from ..handlers.session import Session
from ..handlers.session_manager import SessionManager
from .calls_namespace import CallsNamespace
from .client_connection import ClientConnection
from .engine_server import EngineServer, InvalidPayload, Receive, Send, read_payload, replay
from .forwarded import ForwardedHeaders
from .http_server import transport_of
from .identification import Identification
from .send_queue import SendQueue
from .socket_packets import (
    DEFAULT_NAMESPACE,
    MAX_FRAME,
    count_packets,
    is_connect_or_disconnect,
    parse_event,
    parse_event_head,
)

Scope = MutableMapping[str, Any]

CONNECT_TIMEOUT = 10.0
"""Seconds from the Engine.IO connection to the Socket.IO session."""
JOIN_TIMEOUT = 300.0
"""Seconds from the Socket.IO session until the client must be in a room or its lobby, unless it has `/calls` open."""
_CONNECTION = "hubbub.connection"
"""The key of an ASGI scope with the Engine.IO connection that it belongs to."""
CONNECT_COST = 5
"""Messages that a new connection counts as at the rate of its address."""
MAX_CONNECT_DELAY = 10.0
"""Seconds that a new connection waits for its turn. It is refused when it would have to wait longer."""
CLOSE_TIMEOUT = 3.0
"""Seconds that a client has to read what was queued before its connection was closed."""
FLOOD_CLOSE_TIMEOUT = 0.1
"""The same for a client of an address whose messages wait for their turn."""

_ROOM_REQUESTS = frozenset({CreateRoom.event, Accept.event})
"""Events that create rooms."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Client:
    """A Socket.IO session in one namespace."""

    sid: str
    connection: ClientConnection
    session: Session | CallSession


class _EngineConnection:
    """An Engine.IO connection."""

    def __init__(self, counted: Counted, queue: SendQueue, websocket: asyncio.Transport | None) -> None:
        self.counted = counted
        """By its address, until a token says more."""
        self.queue = queue
        self.websocket = websocket
        """None: the client polls."""
        self.clients: dict[str, _Client] = {}
        """By namespace, those that the client has opened."""
        self.messages = RateLimit()
        self.room_requests = TokenBucket(rate=1.0, burst=100.0)
        self.timer: asyncio.TimerHandle | None = None
        self.posting = False
        """Whether a POST is being read. Two at once are against the protocol."""
        self.ended = False

    @property
    def used(self) -> bool:
        """Whether the client is in a room or its lobby, or can be rung."""
        client = self.clients.get(DEFAULT_NAMESPACE)
        entered = client is not None and isinstance(client.session, Session) and client.session.entered
        return entered or CALLS_NAMESPACE in self.clients


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The Socket.IO server of one signaling instance."""

    def __init__(
        self,
        sessions: SessionManager,
        calls: CallsNamespace,
        identification: Identification,
        telemetry: SessionTelemetry,
        *,
        origins: AllowedOrigins,
        limits: ClientLimits,
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
        self._calls = calls
        self._identification = identification
        self._telemetry = telemetry
        self._origins = origins
        self._limits = limits
        self._forwarded = forwarded
        self._ending = Tasks()
        self._connections: dict[str, _EngineConnection] = {}
        """By Engine.IO id."""
        self.eio.wait_turn = self._wait_turn
        self.on("connect", self._connected)
        self.on("disconnect", self._disconnected)
        self.on("connect", self._calls_connected, namespace=CALLS_NAMESPACE)
        self.on("disconnect", self._calls_disconnected, namespace=CALLS_NAMESPACE)

    @property
    def connections(self) -> int:
        """How many clients have a Socket.IO session."""
        return sum(bool(connection.clients) for connection in self._connections.values())

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of Engine.IO."""
        eio_sid = parse_qs(scope["query_string"].decode("latin-1")).get("sid", [None])[0]
        connection = self._connections.get(eio_sid) if eio_sid else None
        if eio_sid is None and not await self._wait_to_connect(scope):
            await _refuse(scope, send, 429, "too many connections from this address")
            return
        scope[_CONNECTION] = connection
        if scope["type"] == "websocket" and connection is not None and not self.eio.sockets[eio_sid].upgraded:
            connection.websocket = transport_of(scope)
        if scope["type"] == "http" and scope["method"] == "POST":
            if eio_sid is None or connection is None or connection.posting:
                await _refuse(scope, send, 400, "no such session, or it is already sending")
                return
            connection.posting = True
            try:
                body = await read_payload(receive, connection.clients.keys)
                await self._wait_turn(scope, count_packets(body))
                scope, receive = replay(scope, receive, body)
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

    async def _wait_to_connect(self, scope: Scope) -> bool:
        """Waits for the turn of a new connection. Returns whether the address may have one more."""
        client = Counted(self._forwarded.client_address(scope))
        if self._limits.waiting(client, time.monotonic()) > MAX_CONNECT_DELAY:
            return False
        await asyncio.sleep(self._limits.turn(client, time.monotonic(), CONNECT_COST))
        return self._limits.may_connect(client)

    async def _wait_turn(self, scope: Scope, packets: int) -> None:
        """Waits until the client of a connection may send so many packets more."""
        connection: _EngineConnection = scope[_CONNECTION]
        delay = self._limits.turn(connection.counted, time.monotonic(), packets)
        # Without a delay, the other clients still have their turn before the next packet of this one.
        await asyncio.sleep(delay)

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
        client = Counted(self._forwarded.client_address(scope))
        self._limits.connected(client, time.monotonic())
        websocket = transport_of(scope) if scope["type"] == "websocket" else None
        connection = _EngineConnection(client, self.eio.sockets[eio_sid].queue, websocket)
        self._connections[eio_sid] = scope[_CONNECTION] = connection
        self._close_unless(lambda connection: bool(connection.clients), eio_sid, CONNECT_TIMEOUT)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        connection = self._connections[eio_sid]
        connection.ended = True
        self._limits.disconnected(connection.counted)
        if connection.timer is not None:
            connection.timer.cancel()
        if connection.websocket is not None:
            # A client that does not read would keep the connection, and what is queued, for as long as it likes.
            # One that floods would be read without a limit, since nothing waits for its turn any more.
            floods = self._limits.waiting(connection.counted, time.monotonic()) > 0
            timeout = FLOOD_CLOSE_TIMEOUT if floods else CLOSE_TIMEOUT
            asyncio.get_running_loop().call_later(timeout, connection.websocket.abort)
        try:
            await super()._handle_eio_disconnect(eio_sid, reason)
        finally:
            # python-socketio may have lost the sessions of a client that opens and closes namespaces quickly.
            for namespace in list(connection.clients):
                await self._end_client(connection.clients.pop(namespace), reason)
            del self._connections[eio_sid]

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Dispatches a client's packet: events to its session, connect and disconnect to python-socketio."""
        connection = self._connections.get(eio_sid)
        if connection is None or connection.ended:
            return  # a packet that was queued when the connection ended would open a session without a client
        if isinstance(data, str) and data.startswith("2") and connection.clients:
            if not self._receive(connection, data):
                await self._close(eio_sid)
        elif isinstance(data, str) and is_connect_or_disconnect(data, connection.clients.keys()):
            try:
                if connection.messages.check(time.monotonic()) is not Verdict.ACCEPT:
                    raise ValueError("a flood of packets that open and close namespaces")
                await super()._handle_eio_message(eio_sid, data)
            except (ValueError, RecursionError):
                await self._close(eio_sid)
        else:
            await self._close(eio_sid)

    def _receive(self, connection: _EngineConnection, data: str) -> bool:
        """Parses an event and passes it to the session of its namespace. Returns False to end the connection."""
        head = parse_event_head(data)
        client = None if head is None else connection.clients.get(head.namespace)
        if head is None or client is None:
            return False
        acknowledge = client.connection.acknowledger(head.ack_id)
        now = time.monotonic()
        try:
            match connection.messages.check(now):
                case Verdict.DISCONNECT:
                    return False
                case Verdict.REFUSE:
                    raise HubbubError(ErrorCode.RATE_LIMITED, "too many messages", retryable=True)
            event, payload = parse_event(data, head)
            if event in _ROOM_REQUESTS:
                self._take_room_request(connection, now)
        except HubbubError as error:
            self._telemetry.request_answered("unknown", error.code.value, 0.0)
            acknowledge(error.reply().wire())
        else:
            client.session.receive(event, payload, acknowledge)
        return True

    def _take_room_request(self, connection: _EngineConnection, now: float) -> None:
        if not connection.room_requests.take(now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this connection requested too many rooms", retryable=True)
        if not self._limits.take_room_request(connection.counted, now):
            raise HubbubError(ErrorCode.RATE_LIMITED, "this client requested too many rooms", retryable=True)

    def _count_as(self, connection: _EngineConnection, identity: Identity) -> None:
        """Counts a connection by its user once that is verified. Raises `quota_exceeded` with too many connections."""
        if not identity.verified or connection.counted.verified:
            return
        client = Counted.of(connection.counted.address, identity)
        if not self._limits.may_connect(client):
            raise QuotaExceeded("connectionsOfUser", "this user has too many connections", retryable=True)
        self._limits.disconnected(connection.counted)
        self._limits.connected(client, time.monotonic())
        connection.counted = client

    async def _connected(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, DEFAULT_NAMESPACE)
        connection = self._connection_to(eio_sid, DEFAULT_NAMESPACE)
        with _refusals():
            identity = self._identification.admit(environ["asgi.scope"], auth)
            self._count_as(self._connections[eio_sid], identity)
            session = self._sessions.open(connection, identity)
        self._connections[eio_sid].clients[DEFAULT_NAMESPACE] = _Client(sid, connection, session)
        self._close_unless(lambda engine: engine.used, eio_sid, JOIN_TIMEOUT)

    async def _disconnected(self, sid: str, reason: str) -> None:
        client = self._remove_client(sid, DEFAULT_NAMESPACE)
        if client is not None:
            await self._end_client(client, reason)

    async def _calls_connected(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, CALLS_NAMESPACE)
        connection = self._connection_to(eio_sid, CALLS_NAMESPACE)
        with _refusals():
            identity = self._calls.identify(environ["asgi.scope"], auth)
            self._count_as(self._connections[eio_sid], identity)
            session = self._calls.open(connection, identity, auth)
        self._connections[eio_sid].clients[CALLS_NAMESPACE] = _Client(sid, connection, session)

    async def _calls_disconnected(self, sid: str, reason: str) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, CALLS_NAMESPACE)
        client = self._remove_client(sid, CALLS_NAMESPACE)
        if client is not None:
            if not self._connections[eio_sid].ended:
                self._close_unless(lambda engine: engine.used, eio_sid, JOIN_TIMEOUT)
            await self._end_client(client, reason)

    async def _end_client(self, client: _Client, reason: str) -> None:
        """Ends the session of a namespace that was closed."""
        client.connection.stop()
        if isinstance(client.session, CallSession):
            await client.session.close()
        else:
            by_server = reason in (self.eio.reason.PING_TIMEOUT, self.eio.reason.SERVER_DISCONNECT)
            await self._sessions.socket_lost(client.session, closed_by_client=not by_server)

    def _connection_to(self, eio_sid: str, namespace: str) -> ClientConnection:
        return ClientConnection(
            self._connections[eio_sid].queue,
            close=lambda: self._spawn(self._close(eio_sid)),
            abort=lambda: self._spawn(self._abort(eio_sid)),
            namespace=namespace,
        )

    def _remove_client(self, sid: str, namespace: str) -> _Client | None:
        engine = self._connections.get(self.manager.eio_sid_from_sid(sid, namespace))
        client = None if engine is None else engine.clients.get(namespace)
        if engine is None or client is None or client.sid != sid:
            return None
        return engine.clients.pop(namespace)

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


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Answers a namespace's CONNECT with the error as its data."""
    try:
        yield
    except HubbubError as error:
        raise exceptions.ConnectionRefusedError(error.message, error.reply().wire()) from error


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    """Answers a request, or a WebSocket handshake, with an error."""
    response = "http.response" if scope["type"] == "http" else "websocket.http.response"
    await send({"type": f"{response}.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": f"{response}.body", "body": reason.encode()})
