"""Datagrams on a TCP connection, each with a 16-bit length prefix (RFC 4571), as in ICE-TCP (RFC 6544)."""

from __future__ import annotations

import asyncio
import time
from typing import Self

from hubbub_rtp.udp_socket import Receive

_MAX_UNSENT = 1 << 20
"""Bytes. Beyond, datagrams are dropped, as a UDP socket does."""


class FramedConnection(asyncio.Protocol):
    """Implements `Path`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._transport: asyncio.Transport | None = None
        self._bytes = bytearray()
        self.lost = asyncio.Event()

    @classmethod
    async def open(cls, address: tuple[str, int], receive: Receive) -> Self:
        """Connects. Raises OSError."""
        _, connection = await asyncio.get_running_loop().create_connection(lambda: cls(receive), *address)
        return connection

    @property
    def is_closed(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._transport is None or self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Sends a datagram; drops it when the connection is closed or far behind."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() < _MAX_UNSENT:
            self._transport.write(len(data).to_bytes(2, "big") + data)

    def close(self) -> None:
        """Aborts the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with a part of the stream."""
        now = time.monotonic()
        self._bytes += data
        at = 0
        while len(self._bytes) >= at + 2 and len(self._bytes) >= (end := at + 2 + _length(self._bytes, at)):
            self._receive(bytes(self._bytes[at + 2 : end]), now)
            at = end
        del self._bytes[:at]


def _length(stream: bytearray, at: int) -> int:
    return int.from_bytes(stream[at : at + 2], "big")
