"""The HTTP server: uvicorn, whose connections can be aborted.

uvicorn ends a connection once the client has read everything, which a hostile client can delay for ever. Its protocol
classes pass `app_state` on as the `state` of each ASGI scope; there they put their transport. The attribute is not
documented; `tests/integration/test_slow_readers.py` fails when it changes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .socket_packets import MAX_FRAME

GRACEFUL_SHUTDOWN = 2
"""Seconds in which requests may end at the shutdown."""
SHUTDOWN_TIMEOUT = GRACEFUL_SHUTDOWN + 1.0
"""Seconds that the shutdown takes at most."""
RECEIVE_BUFFER = 64 * 1024
"""Bytes that the kernel keeps of what a client has sent."""
PARSE_BYTES = 2048
"""Bytes of a WebSocket that are parsed at once."""
STALL_TIMEOUT = 20.0
"""Seconds in which the client of an HTTP response must read something."""


class HttpProtocol(H11Protocol):
    """An HTTP connection, aborted when its client stops reading a response."""

    _stall_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: a response waits for the client."""
        super().pause_writing()
        self._watch_stall(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`: the client has read."""
        super().resume_writing()
        self._stop_watching()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._stop_watching()

    def _watch_stall(self, waiting: int) -> None:
        def check() -> None:
            still_waiting = self.transport.get_write_buffer_size()
            if still_waiting < waiting:
                self._watch_stall(still_waiting)
            else:
                self.transport.abort()

        self._stall_timer = self.loop.call_later(STALL_TIMEOUT, check)

    def _stop_watching(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose ASGI scope has its transport, and whose frames are parsed a few at a time.

    uvicorn parses all that has arrived, which are thousands of frames when a client floods, and reads on when all of
    them were handled. Here it parses the next `PARSE_BYTES` then, and reads on when nothing is left.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unparsed = bytearray()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._unparsed += data
        self._parse()

    async def receive(self) -> Any:
        """See ASGI."""
        message = await super().receive()
        self._parse()
        return message

    def _parse(self) -> None:
        while self._unparsed and not self.read_paused:
            piece = bytes(self._unparsed[:PARSE_BYTES])
            del self._unparsed[:PARSE_BYTES]
            super().data_received(piece)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": self.transport}


def transport_of(scope: Mapping[str, Any]) -> asyncio.Transport:
    """The transport of a WebSocket."""
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport


def http_config(app: Any, context: ssl.SSLContext | None) -> uvicorn.Config:
    """uvicorn's configuration for this ASGI application. With `context` it serves HTTPS."""
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=MAX_FRAME,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Addresses and hosts that proxies forward are read by `ForwardedHeaders`.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises OSError, with the port, when it cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"TCP port {port} cannot be used: {error.strerror}") from error
    listener.listen(2048)
    return listener
