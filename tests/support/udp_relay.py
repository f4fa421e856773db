"""A UDP relay that can drop all datagrams or a share of the media to the clients, or limit the rate to one client.

It binds the media node's port on another loopback address. Clients reach a node that listens on 127.0.0.1 and announces
the relay's address only through the relay.
"""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any, Self

from .rate_limit import RateLimit

ADDRESS = "127.0.0.2"
ENVIRONMENT = {"RTC_LISTEN_IP": "127.0.0.1", "ANNOUNCED_IP": ADDRESS, "RTC_TCP": "false"}
"""The environment of the media node behind it."""


class UdpRelay(asyncio.DatagramProtocol):
    """Relays between clients that send to ADDRESS:`port` and 127.0.0.1:`port`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._legs: dict[tuple[str, int], asyncio.Task[_Leg]] = {}
        self.is_cut = False
        """While true, the relay drops all datagrams."""
        self.loss = 0.0
        """The share of the RTP packets to the clients that the relay drops, at random."""
        self._random = random.Random(1)
        self._limits: dict[tuple[str, int], RateLimit] = {}

    def connection_made(self, transport: Any) -> None:
        """Called by asyncio: the socket for the clients is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, client: tuple[str | Any, int]) -> None:
        """Forwards a datagram from a client to the node, from a socket for that client."""
        if self.is_cut:
            return
        if client not in self._legs:
            self._legs[client] = asyncio.create_task(self._open(client))
        leg = self._legs[client]
        if leg.done():
            leg.result().send(data)

    def limit(self, port: int, rate: float) -> RateLimit:
        """Limits what a client receives to `rate` bits per second.

        `port` is that of the client as the node sees it, so that it is its local port in the client's candidate pair.
        """
        client = next(client for client, leg in self._legs.items() if leg.result().port == port)
        limit = RateLimit(lambda data: self._send_to(data, client), rate)
        self._limits[client] = limit
        return limit

    def send_back(self, data: bytes, client: tuple[str, int]) -> None:
        """Forwards a datagram from the node to its client."""
        is_lost = _is_rtp(data) and self._random.random() < self.loss
        if self.is_cut or is_lost:
            return
        limit = self._limits.get(client)
        if limit is None:
            self._send_to(data, client)
        else:
            limit.put(data)

    def _send_to(self, data: bytes, client: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(data, client)

    async def _open(self, client: tuple[str, int]) -> _Leg:
        loop = asyncio.get_running_loop()
        _, leg = await loop.create_datagram_endpoint(lambda: _Leg(self, client), remote_addr=("127.0.0.1", self._port))
        return leg

    async def __aenter__(self) -> Self:
        """Starts to forward."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(ADDRESS, self._port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes all sockets."""
        for limit in self._limits.values():
            limit.close()
        if self._transport is not None:
            self._transport.close()
        for opening in self._legs.values():
            (await opening).close()


def _is_rtp(data: bytes) -> bool:
    """Whether a datagram is SRTP: neither SRTCP (RFC 5761 section 4) nor STUN nor DTLS (RFC 7983)."""
    return len(data) > 1 and 128 <= data[0] < 192 and not 192 <= data[1] < 224


class _Leg(asyncio.DatagramProtocol):
    """The socket towards the node for one client."""

    def __init__(self, relay: UdpRelay, client: tuple[str, int]) -> None:
        self._relay = relay
        self._client = client
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, _node: tuple[str | Any, int]) -> None:
        self._relay.send_back(data, self._client)

    @property
    def port(self) -> int:
        """The port from which it sends."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def send(self, data: bytes) -> None:
        """Sends to the node."""
        if self._transport is not None:
            self._transport.sendto(data)

    def close(self) -> None:
        """Closes the socket."""
        if self._transport is not None:
            self._transport.close()
