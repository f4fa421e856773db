"""A link of limited rate with a drop-tail queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

QUEUE = 0.3
"""Seconds that the queue takes to drain at the rate in force."""
CATCH_UP = 0.002
"""Seconds that a datagram may be early because a timer was late. More would look like a faster link."""


class RateLimit:
    """Delays datagrams to a rate and drops those that find the queue full.

    Arguments:
        send: called with each datagram when it leaves.
        rate: bits per second. It may be changed at any time.
    """

    def __init__(self, send: Callable[[bytes], None], rate: float) -> None:
        self.rate = rate
        self.dropped = 0
        self._send = send
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._free_at = 0.0

    @property
    def delay(self) -> float:
        """Seconds that a datagram of no length would wait now."""
        return self._queued * 8 / self.rate

    def put(self, data: bytes) -> None:
        """Queues a datagram or drops it."""
        if (self._queued + len(data)) * 8 / self.rate > QUEUE:
            self.dropped += 1
            return
        self._queue.append(data)
        self._queued += len(data)
        if self._leaving is None:
            self._free_at = asyncio.get_running_loop().time()
            self._schedule()

    def close(self) -> None:
        """Drops what waits."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        self._queue.clear()
        self._queued = 0

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time() - CATCH_UP) + len(self._queue[0]) * 8 / self.rate
        self._leaving = loop.call_at(self._free_at, self._leave)

    def _leave(self) -> None:
        self._leaving = None
        data = self._queue.popleft()
        self._queued -= len(data)
        self._send(data)
        if self._queue:
            self._schedule()
