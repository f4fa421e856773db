"""Socket.IO: the packets of clients become requests of sessions.

python-socketio manages connections and namespaces. Events are parsed here instead, so that a client can neither call a
handler by sending an event named `connect` or `disconnect`, nor send binary attachments, nor have its events handled
out of order.

This file uses private parts of python-socketio (`_handle_eio_message`, `_handle_eio_connect`,
`_handle_eio_disconnect`, `_send_packet`) and of python-engineio (`_async`, a socket's `queue`). Their versions are
pinned, and `tests/integration/test_hostile_sockets.py` fails when they change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import socketio

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.ports import SessionTelemetry
from ..domain.rate_limit import RateLimit, Verdict
from ..handlers.session import Session
from ..handlers.session_manager import SessionManager
from .client_connection import ClientConnection
from .socket_packets import MAX_FRAME, PacketSocket, is_connect_or_disconnect, parse_event, parse_event_head

CONNECT_TIMEOUT = 10.0
"""Seconds from the Engine.IO connection to the Socket.IO session."""
JOIN_TIMEOUT = 300.0
"""Seconds from the Socket.IO session until the client must be in a room."""


class _Client:
    """A connection with its session and its rate limit."""

    def __init__(self, connection: ClientConnection, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.rate = RateLimit()


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The Socket.IO server of one signaling instance."""

    def __init__(self, sessions: SessionManager, telemetry: SessionTelemetry, *, origins: list[str]) -> None:
        super().__init__(
            async_mode="asgi",
            cors_allowed_origins=origins,
            max_http_buffer_size=MAX_FRAME,
            ping_interval=5,
            ping_timeout=5,
            logger=False,
            engineio_logger=False,
        )
        self.eio._async = {**self.eio._async, "websocket": PacketSocket}  # noqa: SLF001
        self._sessions = sessions
        self._telemetry = telemetry
        self._clients: dict[str, _Client] = {}
        """By Engine.IO id, as the timers are."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.on("connect", self._connected)
        self.on("disconnect", self._disconnected)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    async def _drop(self, eio_sid: str) -> None:
        """Ends a connection at once, whether or not the client reads."""
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None:
            await connection.close(wait=False, reason=self.eio.reason.SERVER_DISCONNECT)
            # python-engineio leaves closing to the client. None in the queue makes its writer close the WebSocket.
            await connection.queue.put(None)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._drop_unless(lambda: eio_sid in self._clients, eio_sid, CONNECT_TIMEOUT)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        if timer := self._timers.pop(eio_sid, None):
            timer.cancel()
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Dispatches a client's packet: events to its session, connect and disconnect to python-socketio."""
        if eio_sid not in self.environ:
            return  # a packet that was queued when the connection ended would open a session without a client
        client = self._clients.get(eio_sid)
        if isinstance(data, str) and data.startswith("2") and client is not None:
            self._receive(client, data)
        elif isinstance(data, str) and is_connect_or_disconnect(data, connected=client is not None):
            try:
                await super()._handle_eio_message(eio_sid, data)
            except (ValueError, RecursionError):
                await self._drop(eio_sid)
        else:
            await self._drop(eio_sid)

    def _receive(self, client: _Client, data: str) -> None:
        """Parses an event and passes it to the client's session."""
        head = parse_event_head(data)
        if head is None:
            client.connection.close()
            return
        acknowledge = client.connection.acknowledger(head.ack_id)
        try:
            match client.rate.check(time.monotonic()):
                case Verdict.DISCONNECT:
                    client.connection.close()
                    return
                case Verdict.REFUSE:
                    raise HubbubError(ErrorCode.RATE_LIMITED, "too many messages", retryable=True)
            event, payload = parse_event(data, head)
        except HubbubError as error:
            self._telemetry.request_answered("unknown", error.code.value, 0.0)
            acknowledge(error.reply().wire())
            return
        client.session.receive(event, payload, acknowledge)

    async def _connected(self, sid: str, _environ: dict[str, Any], _auth: object = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        connection = ClientConnection(partial(self._send_packet, eio_sid), partial(self._drop, eio_sid))
        client = self._clients[eio_sid] = _Client(connection, self._sessions.open(connection))
        self._drop_unless(lambda: client.session.joined, eio_sid, JOIN_TIMEOUT)

    async def _disconnected(self, sid: str, reason: str) -> None:
        client = self._clients.pop(self.manager.eio_sid_from_sid(sid, "/"), None)
        if client is not None:
            client.connection.stop()
            by_server = reason in (self.eio.reason.PING_TIMEOUT, self.eio.reason.SERVER_DISCONNECT)
            await self._sessions.socket_lost(client.session, closed_by_client=not by_server)

    def _drop_unless(self, condition: Callable[[], bool], eio_sid: str, seconds: float) -> None:
        """Drops the connection if `condition` is false after `seconds`. Replaces the connection's former timer."""
        if timer := self._timers.pop(eio_sid, None):
            timer.cancel()

        def check() -> None:
            del self._timers[eio_sid]
            if not condition():
                self.start_background_task(self._drop, eio_sid)

        self._timers[eio_sid] = asyncio.get_running_loop().call_later(seconds, check)
