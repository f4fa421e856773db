"""Socket.IO: packets of hostile clients become events of sessions, answers and pushes become packets.

Rules
- python-socketio keeps connections and namespaces; events are read here, so that no client runs a handler by naming it
  `connect` or `disconnect`, sends binary attachments, or has its events handled out of order.
- What goes out to one client goes out in order, from one bounded queue. Who does not read is disconnected.

This file leans on private parts of python-socketio (`_handle_eio_message`, `_handle_eio_connect`, `_send_packet`) and
of python-engineio (`_async`, a socket's `queue`), whose versions are pinned. The repository's
`tests/integration/test_hostile_sockets.py` holds them to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

import socketio
import structlog
from engineio.async_drivers.asgi import WebSocket as AsgiWebSocket
from socketio.packet import ACK, EVENT, Packet

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket.base import Push

from ..domain.rate import RateLimit, Verdict
from ..handlers.office import Office
from ..handlers.session import Session

MAX_MESSAGE = 256 * 1024
"""Characters of one event: the largest honest one, capabilities and appData together, is far below."""
MAX_FRAME = 4 * 1024 * 1024
"""Beyond this the WebSocket itself is closed (code 1009); up to it, an answer says `too_large`."""
MAX_WAITING = 2_000
"""Packets that may wait for a client that does not read."""
CONNECT_PATIENCE = 10.0
"""Seconds that a connection may take to open the Socket.IO session."""
JOIN_PATIENCE = 300.0
"""Seconds that a client may stay without being in a room."""

_log = structlog.get_logger(__name__)
_PACKET_HEAD = re.compile(r"[12356]|4\d")
"""Of Engine.IO: close, probe, pong, upgrade, noop, or a message with a Socket.IO packet in it."""
_OPENING = re.compile(r"0(?!/[^,?])")
"""Of the default namespace."""
_EVENT_HEAD = re.compile(r"2(?:/,)?(\d{0,9})(?=\[)")


class Connection:
    """One client's socket: the `Client` of its session, and the way of its answers."""

    def __init__(self, server: SocketServer, eio_sid: str, office: Office) -> None:
        self.session: Session = office.open(self)
        self.rate = RateLimit()
        self._server = server
        self._eio_sid = eio_sid
        self._waiting: asyncio.Queue[Packet] = asyncio.Queue(MAX_WAITING)
        self._writer = asyncio.create_task(self._write())
        self._closing: asyncio.Task[None] | None = None

    def push(self, push: Push) -> None:
        """Sends an event, after everything that was sent before."""
        self._put(Packet(EVENT, namespace="/", data=[push.event, push.wire()]))

    def acknowledger(self, ack_id: int | None) -> Callable[[dict[str, Any]], None]:
        """Answers the event with this acknowledgement id; without one, nobody asked."""
        if ack_id is None:
            return lambda _answer: None
        return lambda answer: self._put(Packet(ACK, namespace="/", id=ack_id, data=[answer]))

    def close(self) -> None:
        """Ends the connection when what is waiting has been written."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())

    def stop(self) -> None:
        """The socket is gone: nothing more can be written."""
        self._writer.cancel()

    def _put(self, packet: Packet) -> None:
        try:
            self._waiting.put_nowait(packet)
        except asyncio.QueueFull:
            self.close()

    async def _write(self) -> None:
        while True:
            packet = await self._waiting.get()
            await self._server.send_packet(self._eio_sid, packet)
            self._waiting.task_done()

    async def _close(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._waiting.join(), 1.0)
        await self._server.drop(self._eio_sid)


class PacketSocket(AsgiWebSocket):  # type: ignore[misc]
    """A WebSocket whose frames are Engine.IO packets: over others Engine.IO stumbles, and forgets the session."""

    async def wait(self) -> str | bytes:
        """The next frame. Raises OSError, which ends the connection, when it cannot be a packet."""
        frame: str | bytes = await super().wait()
        if isinstance(frame, str) and not _PACKET_HEAD.match(frame):
            raise OSError("not a packet")
        return frame


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The Socket.IO server of one signaling instance."""

    def __init__(self, office: Office, *, origins: list[str]) -> None:
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
        self._office = office
        self._connections: dict[str, Connection] = {}
        self._patience: dict[str, asyncio.TimerHandle] = {}
        self.on("connect", self._opened)
        self.on("disconnect", self._closed)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def drop(self, eio_sid: str) -> None:
        """Ends a connection, whatever it was doing and whether or not it reads."""
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None:
            await connection.close(wait=False, reason=self.eio.reason.SERVER_DISCONNECT)
            # Engine.IO leaves it to the client to go. Its writer, once there is nothing more, closes the WebSocket.
            await connection.queue.put(None)

    async def send_packet(self, eio_sid: str, packet: Packet) -> None:
        """Hands a packet to the connection's own queue."""
        await self._send_packet(eio_sid, packet)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._expect(eio_sid, CONNECT_PATIENCE, lambda: eio_sid in self._connections)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        if timer := self._patience.pop(eio_sid, None):
            timer.cancel()
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """A packet of a client. Events are ours; opening and closing are python-socketio's; the rest is an offence."""
        if eio_sid not in self.environ:
            return  # a packet that was waiting when the connection ended would open a session for nobody
        connection = self._connections.get(eio_sid)
        if isinstance(data, str) and data.startswith("2") and connection is not None:
            await self._event(connection, data)
        elif isinstance(data, str) and _is_opening_or_closing(data, opened=connection is not None):
            try:
                await super()._handle_eio_message(eio_sid, data)
            except (ValueError, RecursionError):
                await self.drop(eio_sid)
        else:
            await self.drop(eio_sid)

    async def _event(self, connection: Connection, data: str) -> None:
        head = _EVENT_HEAD.match(data)
        if head is None:
            connection.close()
            return
        acknowledge = connection.acknowledger(int(head[1]) if head[1] else None)
        match connection.rate.judge(time.monotonic()):
            case Verdict.DISCONNECT:
                connection.close()
                return
            case Verdict.REFUSE:
                self._refuse(acknowledge, HubbubError(ErrorCode.RATE_LIMITED, "too many messages", retryable=True))
                return
        try:
            event, payload = _read(data, head.end())
        except HubbubError as error:
            self._refuse(acknowledge, error)
            return
        connection.session.receive(event, payload, acknowledge)

    def _refuse(self, acknowledge: Callable[[dict[str, Any]], None], error: HubbubError) -> None:
        """Answers what no session has seen."""
        self._office.watcher.answered("unknown", error.code.value, 0.0)
        acknowledge(error.reply().wire())

    async def _opened(self, sid: str, _environ: dict[str, Any], _auth: object = None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        connection = self._connections[eio_sid] = Connection(self, eio_sid, self._office)
        self._expect(eio_sid, JOIN_PATIENCE, lambda: connection.session.state.joined)

    async def _closed(self, sid: str, reason: str) -> None:
        connection = self._connections.pop(self.manager.eio_sid_from_sid(sid, "/"), None)
        if connection is not None:
            connection.stop()
            by_us = reason in (self.eio.reason.PING_TIMEOUT, self.eio.reason.SERVER_DISCONNECT)
            await self._office.lost(connection.session, closed_by_client=not by_us)

    def _expect(self, eio_sid: str, seconds: float, fulfilled: Callable[[], bool]) -> None:
        """Ends the connection if it has not come so far in this time."""
        if timer := self._patience.pop(eio_sid, None):
            timer.cancel()
        self._patience[eio_sid] = asyncio.get_running_loop().call_later(seconds, self._judge, eio_sid, fulfilled)

    def _judge(self, eio_sid: str, fulfilled: Callable[[], bool]) -> None:
        del self._patience[eio_sid]
        if not fulfilled():
            self.start_background_task(self.drop, eio_sid)


def _is_opening_or_closing(data: str, *, opened: bool) -> bool:
    """Whether this packet is python-socketio's. The default namespace is opened once: twice would orphan a session."""
    twice = opened and _OPENING.match(data) is not None
    return data[:1] in ("0", "1") and len(data) <= MAX_MESSAGE and not twice


def _read(data: str, start: int) -> tuple[str, object]:
    """The name and the payload of an event; `start` is where its JSON array begins."""
    if len(data) > MAX_MESSAGE:
        raise HubbubError(ErrorCode.TOO_LARGE, f"a message may have {MAX_MESSAGE} characters")
    try:
        parts = json.loads(data[start:], parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "payload: not JSON that can be read") from error
    if not parts or not isinstance(parts[0], str):
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "payload: an event has a name")
    return parts[0], parts[1] if len(parts) > 1 else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
