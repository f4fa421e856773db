"""A path through a TURN server (RFC 8656), with aioice's client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aioice.turn import TurnTransport, create_turn_endpoint

from hubbub_contracts.socket.base import IceServer
from hubbub_rtp.udp_socket import Receive

_DEFAULT_PORTS = {"turn": 3478, "turns": 5349}


@dataclass(frozen=True, slots=True)
class TurnServer:
    """One URI of a TURN server (RFC 7065) with its credentials."""

    host: str
    port: int
    is_tcp: bool
    is_tls: bool
    username: str | None
    credential: str | None

    @classmethod
    def all_of(cls, servers: Sequence[IceServer]) -> Iterator[TurnServer]:
        """The TURN servers among the ICE servers. URIs that cannot be read are left out."""
        for server in servers:
            for uri in server.urls:
                scheme, _, rest = uri.partition(":")
                address, _, query = rest.partition("?")
                host, separator, port = address.rpartition(":")
                if not separator or port.endswith("]"):
                    host, port = address, ""
                if scheme in _DEFAULT_PORTS and host and (port.isdigit() or not port):
                    yield cls(
                        host.strip("[]"),
                        int(port or _DEFAULT_PORTS[scheme]),
                        query == "transport=tcp" or scheme == "turns",
                        scheme == "turns",
                        server.username,
                        server.credential,
                    )


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._receive(data, time.monotonic())


class TurnRelay:
    """Implements `Path`."""

    def __init__(self, relay: TurnTransport, address: tuple[str, int]) -> None:
        self._relay = relay
        self._address = address
        self.is_closed = False

    @classmethod
    async def open(cls, server: TurnServer, address: tuple[str, int], receive: Receive) -> Self:
        """Allocates a relayed address. Raises OSError, `aioice.stun.TransactionError`."""
        relay, _ = await create_turn_endpoint(
            lambda: _Receiver(receive),
            (server.host, server.port),
            server.username,
            server.credential,
            ssl=server.is_tls or None,
            transport="tcp" if server.is_tcp else "udp",
        )
        return cls(relay, address)

    def send(self, data: bytes) -> None:
        """Sends a datagram to the server's address."""
        if not self.is_closed:
            self._relay.sendto(data, self._address)

    def close(self) -> None:
        """Gives the allocation back."""
        if not self.is_closed:
            self.is_closed = True
            self._relay.close()
