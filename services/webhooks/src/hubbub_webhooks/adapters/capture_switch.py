"""Captures the changes of all buckets on every instance, while there is an endpoint."""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import Bus, ChangeCapture, ChangeLog
from hubbub_contracts import HubbubError, subjects

from ..domain.ports import Endpoints

RETRY_INTERVAL = 0.5

_log = structlog.get_logger(__name__)


class CaptureSwitch:
    """The capture of one instance."""

    def __init__(self, bus: Bus, log: ChangeLog, endpoints: Endpoints) -> None:
        self._bus = bus
        self._log = log
        self._endpoints = endpoints
        self._capture: ChangeCapture | None = None
        self._adapted = asyncio.Event()
        self._active = asyncio.Event()

    async def run(self) -> None:
        """Captures until it is cancelled; then `stop` has to be called."""
        while True:
            version = self._endpoints.version
            try:
                await self._adapt()
                self._adapted.set()
            except HubbubError as error:
                _log.info("changes are not captured yet, retrying", error=error.message)
                await asyncio.sleep(RETRY_INTERVAL)
                continue
            await self._endpoints.wait_for_change(version)

    async def adapted(self) -> None:
        """Waits until the changes are captured, if there is an endpoint."""
        await self._adapted.wait()

    async def active(self) -> None:
        """Waits until the changes are captured. There is an endpoint."""
        await self._active.wait()

    async def stop(self) -> None:
        """Stops capturing, after what was received."""
        self._active.clear()
        capture, self._capture = self._capture, None
        if capture is not None:
            await capture.stop()

    async def _adapt(self) -> None:
        wanted = bool(self._endpoints.current)
        if wanted and self._capture is None:
            await self._log.ensure()
            capture = ChangeCapture(self._log, subjects.CHANGE_SOURCES)
            await capture.start(self._bus)
            self._capture = capture
            self._active.set()
        elif not wanted:
            await self.stop()
