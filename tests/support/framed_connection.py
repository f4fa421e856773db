"""Datagrams on a TCP connection, each with a 16-bit length prefix (RFC 4571), as in ICE-TCP (RFC 6544)."""

from __future__ import annotations

import asyncio


class FramedConnection(asyncio.Protocol):
    """A connection with the interface of a datagram socket. Datagrams go to `receiver`."""

    def __init__(self, receiver: asyncio.DatagramProtocol) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None
        self._bytes = bytearray()
        self.lost = asyncio.Event()

    @classmethod
    async def open(cls, address: tuple[str, int], receiver: asyncio.DatagramProtocol) -> FramedConnection:
        """Connects. Raises OSError."""
        _, connection = await asyncio.get_running_loop().create_connection(lambda: cls(receiver), *address)
        return connection

    def sendto(self, data: bytes) -> None:
        """Sends a datagram. A closed connection drops it."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(len(data).to_bytes(2, "big") + data)

    def is_closing(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        """Aborts the connection."""
        assert self._transport is not None
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
        self._bytes += data
        while len(self._bytes) >= 2 and len(self._bytes) >= 2 + (length := int.from_bytes(self._bytes[:2], "big")):
            datagram = bytes(self._bytes[2 : 2 + length])
            del self._bytes[: 2 + length]
            self._receiver.datagram_received(datagram, ("", 0))
