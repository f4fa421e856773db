"""Publishes media events on the bus.

Rules
- An event is sent until the server has confirmed it. A connection that is lost without a sign accepts events for
  seconds, and the sessions would not notice that they missed them.
- An event may therefore arrive twice. Order is kept: after an unconfirmed event, all later ones are sent again too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice

import structlog

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.errors import HubbubError
from hubbub_service import report_failure

from ..domain.closures import PeerEvent

_log = structlog.get_logger(__name__)

_MAX_QUEUED = 10_000
_BATCH = 256
"""Events that are confirmed together."""
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
                batch = list(islice(self._queue, _BATCH))
                try:
                    await self._bus.publish_confirmed(
                        [(subjects.media(each.room_id, each.peer_id), each.event) for each in batch]
                    )
                except HubbubError as error:
                    _log.debug("could not publish media events, retrying", error=error.message)
                    await asyncio.sleep(_RETRY_INTERVAL)
                    continue
                except Exception as error:  # noqa: BLE001  an event that cannot be sent must not end the node
                    report_failure("media events are lost", error, count=len(batch))
                # A full queue may have dropped some of them meanwhile.
                for each in batch:
                    if self._queue and self._queue[0] is each:
                        self._queue.popleft()
