"""Datagrams on a TCP connection: each behind its length in 16 bits (RFC 4571), as ICE has them (RFC 6544)."""

from __future__ import annotations

import asyncio


class FramedConnection(asyncio.Protocol):
    """A connection that is used as a datagram socket: what comes goes to `receiver`."""

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
        """Sends a datagram; what a connection that is closed is given goes nowhere."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(len(data).to_bytes(2, "big") + data)

    def is_closing(self) -> bool:
        """Nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        """Closes it at once."""
        assert self._transport is not None
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """From asyncio."""
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        """From asyncio: any piece of the stream."""
        self._bytes += data
        while len(self._bytes) >= 2 and len(self._bytes) >= 2 + (length := int.from_bytes(self._bytes[:2], "big")):
            datagram = bytes(self._bytes[2 : 2 + length])
            del self._bytes[: 2 + length]
            self._receiver.datagram_received(datagram, ("", 0))
