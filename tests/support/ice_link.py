"""A minimal ICE agent for a lite server: one local candidate, aggressive nomination (RFC 8445, RFC 6544)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import Any

from aioice import stun

from .framed_connection import FramedConnection

CHECK_INTERVAL = 0.05
KEEPALIVE_INTERVAL = 1.0


class IceLink(asyncio.DatagramProtocol):
    """The part of an ICE transport that `RTCDtlsTransport` needs.

    `remote` is the `iceParameters` and `candidate` one of the `iceCandidates`, UDP or TCP, of `createTransport`.
    """

    role = "controlling"

    def __init__(self, remote: dict[str, Any], candidate: dict[str, Any]) -> None:
        self.address: tuple[str, int] = (candidate["ip"], candidate["port"])
        self.sent = 0
        self._by_tcp = candidate["protocol"] == "tcp"
        self._remote = remote
        self._own_fragment = secrets.token_hex(4)
        self._received: asyncio.Queue[bytes] = asyncio.Queue(4096)
        self._socket: asyncio.DatagramTransport | FramedConnection | None = None
        self._checks: asyncio.Task[None] | None = None
        self._nominated = asyncio.Event()

    async def open(self, timeout: float = 10.0) -> None:
        """Waits until the server answers a check that nominates. Raises TimeoutError."""
        if self._by_tcp:
            self._socket = await FramedConnection.open(self.address, self)
        else:
            loop = asyncio.get_running_loop()
            self._socket, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=self.address)
        self._checks = asyncio.create_task(self._check())
        await asyncio.wait_for(self._nominated.wait(), timeout)

    async def restart(self, remote: dict[str, Any], timeout: float = 10.0) -> None:
        """Continues with new server credentials, from a new local socket."""
        assert self._socket is not None
        self._socket.close()
        self._remote, self._own_fragment = remote, secrets.token_hex(4)
        self._nominated.clear()
        await self._stop_checks()
        await self.open(timeout)

    async def close(self) -> None:
        """Stops the checks and closes the socket."""
        await self._stop_checks()
        if self._socket is not None:
            self._socket.close()

    async def _stop_checks(self) -> None:
        if self._checks is not None:
            self._checks.cancel()
            await asyncio.wait([self._checks])

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Handles STUN; DTLS, SRTP and SRTCP are queued for the reader."""
        if data and data[0] > 3:
            with contextlib.suppress(asyncio.QueueFull):
                self._received.put_nowait(data)
            return
        answer = stun.parse_message(data)
        key = self._remote["password"].encode()
        if answer.message_class is stun.Class.RESPONSE and answer.check_message_integrity(key):
            self._nominated.set()

    async def _recv(self) -> bytes:
        return await self._received.get()

    async def _send(self, data: bytes) -> None:
        if self._socket is None or self._socket.is_closing():
            raise ConnectionError("the socket is closed")
        self._socket.sendto(data)
        self.sent += 1

    def check(self) -> bytes:
        """A connectivity check that nominates (RFC 8445 section 7.2.2)."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote['usernameFragment']}:{self._own_fragment}"
        request.attributes["PRIORITY"] = 1_853_824_767
        request.attributes["ICE-CONTROLLING"] = secrets.randbits(64)
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote["password"].encode())
        return bytes(request)

    async def _check(self) -> None:
        while True:
            assert self._socket is not None
            self._socket.sendto(self.check())
            await asyncio.sleep(KEEPALIVE_INTERVAL if self._nominated.is_set() else CHECK_INTERVAL)
