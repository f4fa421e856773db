"""Captures the changes that JetStream republishes, and appends them to a change log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from hubbub_contracts import HubbubError
from hubbub_service import Tasks, report_failure

from .bus import Bus
from .change_feed import ChangeFeed
from .change_log import ChangeLog
from .kv import Entry

CONCURRENT = 64
"""Changes that are being appended at once."""
MAX_WAITING = 10_000
"""Changes that wait to be appended. More are dropped: the reader of the log finds the gap."""
ATTEMPTS = 3
STOP_TIMEOUT = 4.0
"""Seconds in which the changes that have been received are appended."""

_log = structlog.get_logger(__name__)


class ChangeCapture:
    """One instance that captures."""

    def __init__(self, log: ChangeLog, sources: Mapping[str, str]) -> None:
        """`sources`: the prefix of the republished subjects of each bucket, by the bucket's name."""
        self._log = log
        self._sources = sources
        self._waiting: asyncio.Queue[tuple[str, Entry]] = asyncio.Queue(MAX_WAITING)
        self._feeds: list[ChangeFeed] = []
        self._tasks = Tasks()

    async def start(self, bus: Bus) -> None:
        """Subscribes. Raises `unavailable`."""
        for bucket, prefix in self._sources.items():
            self._feeds.append(await ChangeFeed.open(bus, f"{prefix}>", self._receiver(bucket), prefix=prefix))
        for number in range(CONCURRENT):
            self._tasks.spawn(self._append_waiting(), f"capture-{number}")

    async def stop(self) -> None:
        """Unsubscribes, and appends what was received."""
        for feed in self._feeds:
            await feed.stop()
        try:
            await asyncio.wait_for(self._waiting.join(), STOP_TIMEOUT)
        except TimeoutError:
            _log.warning("changes were not captured before the stop", changes=self._waiting.qsize())
        await self._tasks.close()

    def _receiver(self, bucket: str) -> Callable[[Entry], None]:
        def receive(entry: Entry) -> None:
            try:
                self._waiting.put_nowait((bucket, entry))
            except asyncio.QueueFull:
                _log.warning("a change was not captured: too many wait", bucket=bucket, revision=entry.revision)

        return receive

    async def _append_waiting(self) -> None:
        while True:
            bucket, entry = await self._waiting.get()
            try:
                await self._append(bucket, entry)
            except Exception as error:  # noqa: BLE001  a change that is missing shows as a gap
                report_failure("a change was not captured", error, bucket=bucket, revision=entry.revision)
            finally:
                self._waiting.task_done()

    async def _append(self, bucket: str, entry: Entry) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._log.append(bucket, entry)
                return
            except HubbubError as error:
                if attempt == ATTEMPTS:
                    _log.warning(
                        "a change was not captured", bucket=bucket, revision=entry.revision, error=error.message
                    )
