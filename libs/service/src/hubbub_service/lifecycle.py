"""The lifecycle of a service: start, run until a signal, stop in the reverse order of the start, in bounded time.

    async def start(lifecycle: Lifecycle) -> None:
        bus = await Bus.connect(...)
        lifecycle.on_stop("bus", bus.close)              # stopped last
        ...
        lifecycle.on_stop("endpoints", endpoints.stop)   # stopped first

    run(start)

Rules
- SIGTERM and SIGINT stop the service; a second signal exits at once.
- A service may drain before its clean-ups, in a time that it bounds itself: after SIGTERM or `stop`, not after SIGINT
  or a failure. SIGINT while it drains ends the drain, as a second SIGTERM does, and the next signal exits at once.
- Every clean-up runs, even if those before it failed, and has a timeout of its own.
- A process that does not stop within STOP_DEADLINE, because something ignores its cancellation or blocks, exits with
  status 1.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from .cancellation import cancel_and_wait
from .tasks import Tasks, report_failure
from .uncaught import UncaughtExceptions

_log = structlog.get_logger(__name__)

STOP_DEADLINE = 15.0
"""Seconds from the signal, or the end of the drain, to the exit."""
CLEANUP_TIMEOUT = 3.0
"""Seconds for a clean-up that has no timeout of its own."""
CANCEL_TIMEOUT = 1.0
"""Seconds that cancelled tasks have to end."""

Cleanup = Callable[[], Awaitable[Any]]


class Lifecycle:
    """Collects what to stop, and decides when the service stops."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._cleanups: list[tuple[str, Cleanup, float]] = []
        self._drain: Cleanup | None = None
        self._draining: asyncio.Task[None] | None = None
        self._failure: str | None = None
        self.tasks = Tasks(on_fatal=self.fail)
        """Cancelled after all clean-up functions. The end of a vital one fails the service."""

    @property
    def stopping(self) -> bool:
        """The service has been asked to stop, or has failed. It may still drain."""
        return self._draining is not None or self._stop.is_set()

    @property
    def ending(self) -> bool:
        """The service has no drain before it, or not any more."""
        return self._stop.is_set()

    @property
    def failure(self) -> str | None:
        """Why the service failed; None when it did not."""
        return self._failure

    def on_stop(self, name: str, cleanup: Cleanup, timeout: float = CLEANUP_TIMEOUT) -> None:
        """Registers a clean-up function. The one registered last is called first.

        Arguments:
            name: appears in logs.
            timeout: seconds after which the function is cancelled and the next one is called.
        """
        self._cleanups.append((name, cleanup, timeout))

    def on_drain(self, drain: Cleanup) -> None:
        """Registers what precedes the clean-ups when the service is stopped in order. It bounds its own time."""
        self._drain = drain

    def stop(self) -> None:
        """Stops the service in order, after the drain if it has one. Does nothing when it stops already."""
        if self.stopping:
            return
        if self._drain is None:
            self._stop.set()
        else:
            self._draining = asyncio.create_task(self._run_drain(self._drain), name="drain")

    def stop_at_once(self) -> None:
        """Stops the service without a drain, or ends the drain."""
        self._stop.set()

    def fail(self, reason: str) -> None:
        """Stops the service because it cannot continue; it exits with status 1."""
        if not self._stop.is_set():
            _log.critical("service failed", reason=reason)
            self._failure = self._failure or reason
        self._stop.set()

    async def wait(self) -> None:
        """Waits until the service is to stop."""
        await self._stop.wait()

    async def close(self) -> None:
        """Calls all clean-up functions. Logs those that fail or take too long, and continues."""
        if self._draining is not None:
            await cancel_and_wait(self._draining, timeout=CANCEL_TIMEOUT)
        while self._cleanups:
            name, cleanup, timeout = self._cleanups.pop()
            await _clean_up(name, cleanup, timeout)
        await self.tasks.close(CANCEL_TIMEOUT)

    async def _run_drain(self, drain: Cleanup) -> None:
        try:
            await drain()
        except Exception as error:  # noqa: BLE001  whatever it is, the clean-ups follow
            report_failure("drain failed", error)
        finally:
            self._stop.set()


async def _clean_up(name: str, cleanup: Cleanup, timeout: float) -> None:
    """Runs in a task of its own: `asyncio.timeout` would wait for one that ignores its cancellation."""

    async def call() -> None:
        await cleanup()

    task = asyncio.create_task(call(), name=f"stop {name}")
    try:
        await asyncio.wait({task}, timeout=timeout)
    finally:
        if not task.done():
            _log.warning("clean-up timed out", cleanup=name)
            await cancel_and_wait(task, timeout=CANCEL_TIMEOUT)
    if task.done() and (task.cancelled() or task.exception() is not None):
        error = None if task.cancelled() else task.exception()
        report_failure("clean-up failed", error, cleanup=name)


def run(start: Callable[[Lifecycle], Awaitable[None]], *, deadline: float = STOP_DEADLINE) -> int:
    """Runs a service until a signal or a failure. Returns the exit status: 0 after a signal, 1 after a failure.

    `deadline` is the time in seconds from the signal, or the end of the drain, to the exit.
    """
    watchdog = _Watchdog(deadline)
    try:
        return asyncio.run(_run(start, watchdog))
    finally:
        watchdog.stop()


async def _run(start: Callable[[Lifecycle], Awaitable[None]], watchdog: _Watchdog) -> int:
    lifecycle = Lifecycle()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(UncaughtExceptions())
    received: set[signal.Signals] = set()

    def on_signal(number: signal.Signals) -> None:
        if lifecycle.ending:
            _log.warning("second signal, exiting at once", signal=number.name)
            _exit(1)
        _log.info("stopping", signal=number.name)
        # The first SIGTERM does not end a drain that was asked for otherwise: a supervisor sends one after that.
        if number == signal.SIGINT or number in received:
            lifecycle.stop_at_once()
        else:
            lifecycle.stop()
        received.add(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    starting = asyncio.create_task(_start(start, lifecycle), name="start")
    await lifecycle.wait()
    watchdog.start()
    await cancel_and_wait(starting, timeout=CLEANUP_TIMEOUT)
    await lifecycle.close()
    await _cancel_other_tasks()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    return 0 if lifecycle.failure is None else 1


async def _start(start: Callable[[Lifecycle], Awaitable[None]], lifecycle: Lifecycle) -> None:
    try:
        await start(lifecycle)
    except Exception as error:  # noqa: BLE001  any failure to start ends the service in order
        _log.exception("start failed")
        lifecycle.fail(f"start failed: {error}")


async def _cancel_other_tasks() -> None:
    """Cancels the tasks that still run. `asyncio.run` would cancel them once only, and wait without a limit."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in await cancel_and_wait(*others, timeout=CANCEL_TIMEOUT):
        _log.error("task does not end", task=task.get_name())


class _Watchdog:
    """Ends a process that does not stop in time. It is a thread, because the event loop may be what hangs."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._seconds = seconds

    def start(self) -> None:
        """Starts the time."""
        self._timer.start()

    def stop(self) -> None:
        """The process has stopped."""
        self._timer.cancel()

    def _expire(self) -> None:
        _log.critical("the service does not stop, exiting", seconds=self._seconds)
        _exit(1)


def _exit(status: int) -> None:
    """Ends the process without waiting for anything."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
