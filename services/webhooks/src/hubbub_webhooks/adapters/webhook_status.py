"""How many events wait, and how full their streams are: asked periodically, and shown by the metrics.

Every instance asks, so that the numbers are also there while none of them delivers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import structlog

from hubbub_bus import ChangeLog
from hubbub_contracts import HubbubError, subjects
from hubbub_service.metrics import Reading, catalogue

from ..domain.ports import Endpoints
from .event_queues import StreamEventQueues

INTERVAL = 10.0
ALARM = 0.8
"""How full a stream is when a warning is logged."""

_log = structlog.get_logger(__name__)


class WebhookStatus:
    """The status, as one instance sees it."""

    def __init__(
        self, endpoints: Endpoints, queues: StreamEventQueues, log: ChangeLog, is_delivering: Callable[[], bool]
    ) -> None:
        """`is_delivering` returns whether this instance delivers."""
        self._endpoints = endpoints
        self._queues = queues
        self._log = log
        self._is_delivering = is_delivering
        self._readings: list[Reading] = []

    def read(self) -> Iterator[Reading]:
        """Yields the readings of the last look."""
        yield Reading(catalogue.WEBHOOK_DELIVERING, float(self._is_delivering()))
        yield from self._readings

    async def watch(self) -> None:
        """Looks periodically, until it is cancelled."""
        while True:
            try:
                self._readings = await self._look()
            except HubbubError as error:
                _log.info("the streams of webhooks do not answer", error=error.message)
            await asyncio.sleep(INTERVAL)

    async def _look(self) -> list[Reading]:
        readings: list[Reading] = []
        for webhook_id in self._endpoints.current:
            waiting = sum((await self._queues.rooms(webhook_id)).values())
            dead = await self._queues.count_dead(webhook_id)
            readings.append(Reading(catalogue.WEBHOOK_WAITING, waiting, (webhook_id,)))
            readings.append(Reading(catalogue.WEBHOOK_DEAD_LETTERS, dead, (webhook_id,)))
        levels = await self._queues.fill_levels()
        if self._endpoints.current:
            levels[subjects.CHANGES_STREAM] = await self._log.fill_level()
        for stream, level in levels.items():
            if level >= ALARM and self._is_delivering():
                _log.warning("a stream of events is nearly full: its oldest events get lost", stream=stream, used=level)
            readings.append(Reading(catalogue.WEBHOOK_STORE_USED, level, (stream,)))
        return readings
