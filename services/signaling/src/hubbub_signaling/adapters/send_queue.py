"""The packets that wait for one client, counted in bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from engineio.packet import Packet

MAX_WAITING = 8 * 1024 * 1024
"""Bytes that may wait for a client that does not read. The largest acknowledgement, of a join, is smaller."""
MAX_BATCH = 64 * 1024
"""Bytes after which Engine.IO stops taking packets from the queue until it has written those it took."""


class SendQueue(asyncio.Queue[Packet | None]):
    """Engine.IO's queue of a connection. None makes its writer close the connection.

    Engine.IO takes packets with `get_nowait` until the queue is empty, and writes them afterwards. Without a limit, the
    whole queue could wait for a client in a list that is not counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting_bytes = 0
        self._batch = 0

    @property
    def overfull(self) -> bool:
        """Whether more than MAX_WAITING bytes wait."""
        return self.waiting_bytes > MAX_WAITING

    def clear(self) -> None:
        """Discards all packets."""
        self._batch = 0
        while not self.empty():
            self._get()

    async def get(self) -> Packet | None:
        """The next packet, the first of a batch."""
        while True:
            try:
                return await super().get()
            except asyncio.QueueEmpty:
                continue  # another reader's batch ended at this call

    def get_nowait(self) -> Packet | None:
        """The next packet of the batch. Raises QueueEmpty, also once at the end of a batch."""
        if self._batch >= MAX_BATCH or self.empty():
            self._batch = 0
            raise asyncio.QueueEmpty
        packet = super().get_nowait()
        self._batch += _size(packet)
        return packet

    def _get(self) -> Packet | None:
        packet: Packet | None = super()._get()
        self.waiting_bytes -= _size(packet)
        return packet

    def _put(self, item: Any) -> None:
        super()._put(item)
        self.waiting_bytes += _size(item)


def _size(packet: Packet | None) -> int:
    """Bytes of a packet's text, which is ASCII. Packets of Engine.IO itself have none."""
    return len(packet.data) if packet is not None and isinstance(packet.data, str) else 0
