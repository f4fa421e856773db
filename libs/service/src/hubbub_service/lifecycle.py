"""From start to stop: configure, run, stop in order on SIGTERM or SIGINT, and end when something vital has failed.

Rules
- What was started is stopped in the opposite order, each within its own patience; the whole within `STOP_PATIENCE`.
- A second signal ends the process at once.
- A vital task that ends, for whatever reason, ends the service: its supervisor starts it again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

from . import logging, tracing
from .settings import ServiceSettings

STOP_PATIENCE = 10.0
"""Seconds that an orderly stop may take."""

FAILED = 1

_log = structlog.get_logger(__name__)


class Lifecycle:
    """The life of one service: what is to be undone at its end, and what ends it."""

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self._failed = False
        self._vital: set[asyncio.Task[Any]] = set()

    def on_stop(self, undo: Callable[[], Awaitable[object]]) -> None:
        """Has `undo` called at the end, before all that was registered earlier."""
        self.stack.push_async_callback(undo)

    def vital(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Runs a task without which the service is nothing; it is cancelled at the end."""
        task = asyncio.create_task(work, name=name)
        self._vital.add(task)
        task.add_done_callback(self._ended)
        self.on_stop(lambda: _cancel(task))

    def stop(self) -> None:
        """Begins the orderly stop."""
        self._stop.set()

    def fail(self, why: str) -> None:
        """Ends the service as failed."""
        _log.error("the service cannot go on", why=why)
        self._failed = True
        self._stop.set()

    async def wait(self) -> int:
        """Waits for the end, then undoes everything; returns the exit status."""
        await self._stop.wait()
        try:
            await asyncio.wait_for(self.stack.aclose(), STOP_PATIENCE)
        except TimeoutError:
            _log.error("the stop took too long")
            return FAILED
        return FAILED if self._failed else 0

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._vital.discard(task)
        if task.cancelled() or self._stop.is_set():
            return
        error = task.exception()
        if error is not None:
            _log.error("a vital task failed", task=task.get_name(), exc_info=error)
        self.fail(f"{task.get_name()} has ended")


def run(service: str, settings: ServiceSettings, start: Callable[[Lifecycle], Awaitable[None]]) -> int:
    """Runs a service from its `start` to its stop; returns the exit status of the process."""
    for_people = sys.stderr.isatty() and settings.environment != "production"
    logging.configure(service, level=settings.log_level, json=not for_people)
    tracing.configure(service)
    return asyncio.run(_run(start))


async def _run(start: Callable[[Lifecycle], Awaitable[None]]) -> int:
    lifecycle = Lifecycle()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, lifecycle, number)
    starting = asyncio.ensure_future(start(lifecycle))
    stopped = asyncio.create_task(lifecycle._stop.wait())  # noqa: SLF001 - a stop may come before the start is done
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not starting.done():
        await _cancel(starting)
    elif (error := starting.exception()) is not None:
        _log.error("the service could not start", why=str(error), exc_info=error)
        lifecycle.fail("it could not start")
    return await lifecycle.wait()


def _on_signal(lifecycle: Lifecycle, number: int) -> None:
    loop = asyncio.get_running_loop()
    _log.info("stopping", signal=signal.Signals(number).name)
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(each)
        signal.signal(each, lambda *_: os._exit(FAILED))
    lifecycle.stop()


async def _cancel(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
