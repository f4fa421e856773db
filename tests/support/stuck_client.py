"""A client that sends over a WebSocket and never reads what the server sends."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import struct
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

RECEIVE_BUFFER = 4096
"""Bytes of the kernel's buffer: what the server sends beyond it stays with the server."""


class StuckClient:
    """One connection with a Socket.IO session, opened by the context manager."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._socket = socket.socket()
        self._last_id = -1

    @property
    def port(self) -> int:
        """The client's TCP port."""
        return int(self._socket.getsockname()[1])

    async def pong(self) -> None:
        """Answers a ping, read or not."""
        await self._send("3")

    async def request(self, event: str, payload: dict[str, Any]) -> None:
        """Sends an event that asks for an acknowledgement. Raises ConnectionError when the server ended it."""
        self._last_id += 1
        await self._send(f"42{self._last_id}{json.dumps([event, payload])}")

    async def __aenter__(self) -> Self:
        """Connects and opens the session."""
        loop = asyncio.get_running_loop()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        await loop.sock_connect(self._socket, self._address)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        handshake = (
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
            f"Host: {self._address[0]}:{self._address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await loop.sock_sendall(self._socket, handshake.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += await loop.sock_recv(self._socket, 2048)
        await self._send("40")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the TCP connection."""
        self._socket.close()

    async def _send(self, text: str) -> None:
        data = text.encode()
        length = struct.pack(">B", 0x80 | len(data)) if len(data) < 126 else struct.pack(">BH", 0xFE, len(data))
        await asyncio.get_running_loop().sock_sendall(self._socket, b"\x81" + length + bytes(4) + data)
