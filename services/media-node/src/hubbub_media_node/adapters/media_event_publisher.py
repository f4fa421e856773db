"""Publishes media events on the bus."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.errors import HubbubError

from ..domain.closures import PeerEvent

_log = structlog.get_logger(__name__)

_MAX_QUEUED = 10_000
_RETRY_INTERVAL = 0.2
"""Seconds between two attempts while the bus is unavailable."""


class BusMediaEventPublisher:
    """Implements `domain.ports.MediaEventPublisher`: in order, and delayed while the bus is unavailable."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._queue: deque[PeerEvent[MediaEvent]] = deque(maxlen=_MAX_QUEUED)
        self._not_empty = asyncio.Event()

    def publish(self, event: PeerEvent[MediaEvent]) -> None:
        """Queues an event. A full queue drops the oldest one."""
        self._queue.append(event)
        self._not_empty.set()

    async def run(self) -> None:
        """Publishes queued events until cancelled."""
        while True:
            await self._not_empty.wait()
            self._not_empty.clear()
            while self._queue:
                first = self._queue[0]
                try:
                    await self._bus.publish(subjects.media(first.room_id, first.peer_id), first.event)
                except HubbubError as error:
                    _log.debug("could not publish a media event, retrying", error=error.message)
                    await asyncio.sleep(_RETRY_INTERVAL)
                    continue
                # While `publish` waited, a full queue may have dropped `first`.
                if self._queue and self._queue[0] is first:
                    self._queue.popleft()
