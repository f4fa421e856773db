"""A media path that can be cut: passes datagrams on, both ways, until it is told not to.

It stands at another address of the loopback network under the media node's own port, so that a node that listens on
127.0.0.1 and announces the relay's address is reached through the relay only.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

ADDRESS = "127.0.0.2"
ENVIRONMENT = {"RTC_LISTEN_IP": "127.0.0.1", "ANNOUNCED_IP": ADDRESS, "RTC_TCP": "false"}
"""Of the media node behind it."""


class UdpRelay(asyncio.DatagramProtocol):
    """Relays between whoever sends to ADDRESS:`port` and 127.0.0.1:`port`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._behind: dict[tuple[str, int], asyncio.Task[_Leg]] = {}
        self.is_cut = False
        """Set it to lose everything, as a network that is gone does."""

    def connection_made(self, transport: Any) -> None:
        """The socket towards the clients is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, client: tuple[str | Any, int]) -> None:
        """From a client, to the node, from a socket of that client's own."""
        if self.is_cut:
            return
        if client not in self._behind:
            self._behind[client] = asyncio.create_task(self._open(client))
        leg = self._behind[client]
        if leg.done():
            leg.result().send(data)

    def back(self, data: bytes, client: tuple[str, int]) -> None:
        """From the node, to that client."""
        if self._transport is not None and not self.is_cut:
            self._transport.sendto(data, client)

    async def _open(self, client: tuple[str, int]) -> _Leg:
        loop = asyncio.get_running_loop()
        _, leg = await loop.create_datagram_endpoint(lambda: _Leg(self, client), remote_addr=("127.0.0.1", self._port))
        return leg

    async def __aenter__(self) -> Self:
        """Passing on."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(ADDRESS, self._port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """All closed."""
        if self._transport is not None:
            self._transport.close()
        for opening in self._behind.values():
            (await opening).close()


class _Leg(asyncio.DatagramProtocol):
    """The socket towards the node that stands for one client."""

    def __init__(self, relay: UdpRelay, client: tuple[str, int]) -> None:
        self._relay = relay
        self._client = client
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, _node: tuple[str | Any, int]) -> None:
        self._relay.back(data, self._client)

    def send(self, data: bytes) -> None:
        """To the node."""
        if self._transport is not None:
            self._transport.sendto(data)

    def close(self) -> None:
        """No more."""
        if self._transport is not None:
            self._transport.close()
