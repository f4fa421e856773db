"""One client's socket, as its session writes to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from socketio.packet import ACK, EVENT, Packet

from hubbub_contracts.socket.base import Push

MAX_QUEUED = 2_000
"""Packets that may wait for a client that does not read. At one more the client is disconnected."""
FLUSH_TIMEOUT = 1.0
"""Seconds that `close` waits for queued packets to be sent."""


class ClientConnection:
    """Sends packets to one client in order, from a bounded queue. Implements `ClientSocket`."""

    def __init__(self, send: Callable[[Packet], Awaitable[None]], drop: Callable[[], Awaitable[None]]) -> None:
        """`send` writes one packet; `drop` ends the connection at once."""
        self._send = send
        self._drop = drop
        self._queue: asyncio.Queue[Packet] = asyncio.Queue(MAX_QUEUED)
        self._writer = asyncio.create_task(self._write())
        self._closing: asyncio.Task[None] | None = None

    def push(self, push: Push) -> None:
        """See `ClientSocket`."""
        self._enqueue(Packet(EVENT, namespace="/", data=[push.event, push.wire()]))

    def acknowledger(self, ack_id: int | None) -> Callable[[dict[str, Any]], None]:
        """The function that answers the event with this acknowledgement id; without an id it does nothing."""
        if ack_id is None:
            return lambda _answer: None
        return lambda answer: self._enqueue(Packet(ACK, namespace="/", id=ack_id, data=[answer]))

    def close(self) -> None:
        """See `ClientSocket`."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())

    def stop(self) -> None:
        """The connection has ended: nothing more can be sent."""
        self._writer.cancel()

    def _enqueue(self, packet: Packet) -> None:
        try:
            self._queue.put_nowait(packet)
        except asyncio.QueueFull:
            self.close()

    async def _write(self) -> None:
        while True:
            packet = await self._queue.get()
            await self._send(packet)
            self._queue.task_done()

    async def _close(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), FLUSH_TIMEOUT)
        await self._drop()
