"""Publishes captions on the bus.

An event that cannot be sent is dropped: by the time the bus is back, other things are said.
"""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from hubbub_bus import Bus
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.captions import CaptionEvent

_log = structlog.get_logger(__name__)

MAX_WAITING = 1_000


class BusCaptionPublisher:
    """Implements `domain.ports.CaptionPublisher`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[str, CaptionEvent]] = deque(maxlen=MAX_WAITING)
        self._not_empty = asyncio.Event()

    def publish(self, room_id: str, event: CaptionEvent) -> None:
        """See `CaptionPublisher`."""
        self._waiting.append((room_id, event))
        self._not_empty.set()

    async def run(self) -> None:
        """Publishes queued events until cancelled."""
        while True:
            await self._not_empty.wait()
            self._not_empty.clear()
            while self._waiting:
                room_id, event = self._waiting.popleft()
                try:
                    await self._bus.publish(subjects.room_captions(room_id), event)
                except HubbubError as error:
                    _log.debug("dropped a caption", error=error.message)
