"""Publishes who speaks on the bus.

Rules
- The latest event of a kind and room replaces one that is not sent yet.
- An event that cannot be sent is dropped: by the time the bus is back, somebody else speaks.
"""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.errors import HubbubError

_log = structlog.get_logger(__name__)


class BusSpeakerEventPublisher:
    """Implements `domain.ports.SpeakerEventPublisher`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: dict[tuple[str, str], SpeakerEvent] = {}
        self._not_empty = asyncio.Event()

    def publish(self, room_id: str, event: SpeakerEvent) -> None:
        """Queues an event."""
        self._waiting[room_id, event.verb] = event
        self._not_empty.set()

    async def run(self) -> None:
        """Publishes queued events until cancelled."""
        while True:
            await self._not_empty.wait()
            self._not_empty.clear()
            waiting, self._waiting = self._waiting, {}
            for (room_id, _), event in waiting.items():
                try:
                    await self._bus.publish(subjects.speakers(room_id), event)
                except HubbubError as error:
                    _log.debug("dropped a speaker event", error=error.message)
