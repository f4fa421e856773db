"""A UDP socket that reads bursts in one pass, and knows from the kernel when each datagram arrived.

asyncio's datagram transport reads one datagram per pass of the event loop, and does not know how long it was in the
socket's buffer. Needs an event loop with `add_reader`: not Windows' proactor loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Self

Receive = Callable[[bytes, float], None]
"""Called with a datagram, and when it arrived on `time.monotonic`'s clock."""

_MAX_DATAGRAM = 2048
_MAX_PER_PASS = 64
_RECEIVE_BUFFER = 1 << 20
_TIMESTAMP_NS = 35 if sys.platform == "linux" else None
"""SO_TIMESTAMPNS, which Python's `socket` does not name."""
_TIMESPEC = struct.Struct("@qq")


class UdpSocket:
    """A socket that is connected to one address."""

    def __init__(self, sock: socket.socket, receive: Receive) -> None:
        self._socket = sock
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._read)

    @classmethod
    async def open(cls, address: tuple[str, int], receive: Receive) -> Self:
        """Raises OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(*address, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, resolved = found[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if _TIMESTAMP_NS is not None:
                sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)
            sock.connect(resolved)
            return cls(sock, receive)
        except BaseException:
            sock.close()
            raise

    @property
    def local_address(self) -> tuple[str, int]:
        """The IP address and port of this side."""
        ip, port = self._socket.getsockname()[:2]
        return str(ip), int(port)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._socket.fileno() < 0

    def send(self, data: bytes) -> None:
        """Sends a datagram; drops it when the socket's buffer is full or nobody listens."""
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def close(self) -> None:
        """Closes the socket."""
        if not self.is_closed:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        now, wall = time.monotonic(), time.time()
        for _ in range(_MAX_PER_PASS):
            if self.is_closed:
                return
            try:
                data, ancillary, _, _ = self._socket.recvmsg(_MAX_DATAGRAM, 64)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an ICMP error of an earlier datagram
            self._receive(data, now - max(wall - _kernel_time(ancillary, wall), 0.0))


def _kernel_time(ancillary: list[tuple[int, int, bytes]], otherwise: float) -> float:
    """When the kernel received the datagram, in seconds since the epoch."""
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _TIMESTAMP_NS and len(value) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return float(seconds) + float(nanoseconds) / 1e9
    return otherwise
