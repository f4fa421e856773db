"""Carries datagrams between media nodes, and can be cut.

All nodes listen on 127.0.0.1. They tell each other that they listen on `INTERNAL_IP`, where the sockets here have the
same ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

NODE_IP, INTERNAL_IP = "127.0.0.1", "127.0.0.9"


class UdpCut:
    """The ways between some ports."""

    def __init__(self) -> None:
        self.is_cut = False
        """Between all of them."""
        self.pairs: set[frozenset[int]] = set()
        """The pairs of ports between which it is cut."""
        self.carried = 0
        """Datagrams."""
        self._sockets: dict[int, asyncio.DatagramTransport] = {}

    async def open(self, *ports: int) -> None:
        """Listens on these ports. Raises OSError."""
        loop = asyncio.get_running_loop()
        for port in ports:
            transport, _ = await loop.create_datagram_endpoint(
                lambda port=port: _Side(self, port),  # type: ignore[misc]
                local_addr=(INTERNAL_IP, port),
            )
            self._sockets[port] = transport

    def carry(self, datagram: bytes, sender: int, receiver: int) -> None:
        """Sends a datagram to the node at `receiver`, from the address at which it knows the node at `sender`."""
        is_cut = self.is_cut or frozenset((sender, receiver)) in self.pairs
        if not is_cut and sender in self._sockets:
            self.carried += 1
            self._sockets[sender].sendto(datagram, (NODE_IP, receiver))

    def close(self) -> None:
        """Ends it."""
        for transport in self._sockets.values():
            transport.close()


class _Side(asyncio.DatagramProtocol):
    def __init__(self, cut: UdpCut, port: int) -> None:
        self._cut, self._port = cut, port

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._cut.carry(data, addr[1], self._port)


@asynccontextmanager
async def udp_cut(*ports: int) -> AsyncIterator[UdpCut]:
    """A way between the nodes with these media ports."""
    cut = UdpCut()
    try:
        await cut.open(*ports)
        yield cut
    finally:
        cut.close()
