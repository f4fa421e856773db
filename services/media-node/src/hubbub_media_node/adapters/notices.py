"""Tells peers what was closed."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.errors import HubbubError

from ..domain.closures import Told

log = logging.getLogger(__name__)

_MAX_WAITING = 10_000
_PAUSE = 0.2
"""Seconds between two tries while the bus is away."""


class BusNotices:
    """Publishes notices in their order. What happened while the bus was away is still true when it is back."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[Told] = deque(maxlen=_MAX_WAITING)
        self._arrived = asyncio.Event()

    def tell(self, told: Told) -> None:
        """Sends a notice after those before it; beyond the bound the oldest are given up."""
        self._waiting.append(told)
        self._arrived.set()

    async def run(self) -> None:
        """Publishes for as long as the node lives."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                told = self._waiting[0]
                try:
                    await self._bus.publish(subjects.media(told.room_id, told.peer_id), told.notice)
                except HubbubError as error:
                    log.debug("a notice waits: %s", error.message)
                    await asyncio.sleep(_PAUSE)
                    continue
                if self._waiting and self._waiting[0] is told:
                    self._waiting.popleft()
