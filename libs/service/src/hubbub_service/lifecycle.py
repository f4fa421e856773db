"""The lifecycle of a service: start, run until a signal, stop in the reverse order of the start, in bounded time.

    async def start(lifecycle: Lifecycle) -> None:
        bus = await Bus.connect(...)
        lifecycle.on_stop("bus", bus.close)              # stopped last
        ...
        lifecycle.on_stop("endpoints", endpoints.stop)   # stopped first

    run(start)

SIGTERM and SIGINT stop the service; a second signal exits at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from .tasks import Tasks

_log = structlog.get_logger(__name__)

STOP_DEADLINE = 15.0
"""Seconds for all clean-up functions together."""


class Lifecycle:
    """Collects what to stop, and decides when the service stops."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._cleanups: list[tuple[str, Callable[[], Awaitable[Any]]]] = []
        self._failure: str | None = None
        self.tasks = Tasks(on_fatal=self.fail)
        """Cancelled after all clean-up functions. The end of a vital one fails the service."""

    @property
    def stopping(self) -> bool:
        """The service has been asked to stop, or has failed."""
        return self._stop.is_set()

    @property
    def failure(self) -> str | None:
        """Why the service failed; None when it did not."""
        return self._failure

    def on_stop(self, name: str, cleanup: Callable[[], Awaitable[Any]]) -> None:
        """Registers a clean-up function. The one registered last is called first; `name` appears in logs."""
        self._cleanups.append((name, cleanup))

    def stop(self) -> None:
        """Stops the service."""
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

    async def close(self, deadline: float = STOP_DEADLINE) -> None:
        """Calls all clean-up functions within `deadline` seconds in total. Logs failures and continues."""
        ends = asyncio.get_running_loop().time() + deadline
        while self._cleanups:
            name, cleanup = self._cleanups.pop()
            try:
                async with asyncio.timeout_at(ends):
                    await cleanup()
            except TimeoutError:
                _log.warning("clean-up timed out", cleanup=name)
            except Exception:  # noqa: BLE001  a failed clean-up must not keep the others from running
                _log.exception("clean-up failed", cleanup=name)
        await self.tasks.close()


def run(start: Callable[[Lifecycle], Awaitable[None]], *, deadline: float = STOP_DEADLINE) -> int:
    """Runs a service until a signal or a failure. Returns the exit status: 0 after a signal, 1 after a failure.

    `deadline` is the time in seconds for the clean-up.
    """
    return asyncio.run(_run(start, deadline))


async def _run(start: Callable[[Lifecycle], Awaitable[None]], deadline: float) -> int:
    lifecycle = Lifecycle()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unhandled)
    starting = asyncio.ensure_future(_start(start, lifecycle))

    def on_signal(name: str) -> None:
        if lifecycle.stopping:
            _log.warning("second signal, exiting at once", signal=name)
            raise SystemExit(1)
        _log.info("stopping", signal=name)
        lifecycle.stop()
        starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    await lifecycle.wait()
    await lifecycle.close(deadline)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    return 0 if lifecycle.failure is None else 1


async def _start(start: Callable[[Lifecycle], Awaitable[None]], lifecycle: Lifecycle) -> None:
    try:
        await start(lifecycle)
    except Exception as error:  # noqa: BLE001  any failure to start ends the service in order
        _log.exception("start failed")
        lifecycle.fail(f"start failed: {error}")


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Logs an exception that nobody caught, which is a bug, with its traceback."""
    error = context.get("exception")
    _log.error(
        "unhandled exception",
        message=context.get("message"),
        exc_info=error if isinstance(error, Exception) else None,
    )
