"""The life of a service: start, work until told to stop, stop in the reverse order, in bounded time.

    async def main(lifecycle: Lifecycle) -> None:
        bus = await Bus.connect(...)
        lifecycle.on_stop("bus", bus.close)          # undone last
        ...
        lifecycle.on_stop("endpoints", endpoint.stop)  # undone first

    run(main)

SIGTERM and SIGINT stop it; a second one stops it at once. `fail` is for what the service cannot go on without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from .tasks import Tasks

log = logging.getLogger(__name__)

STOP_DEADLINE = 15.0
"""Seconds for everything that `on_stop` was given."""


class Lifecycle:
    """What a service's `main` registers with."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._undo: list[tuple[str, Callable[[], Awaitable[Any]]]] = []
        self._failure: str | None = None
        self.tasks = Tasks(on_fatal=self.fail)

    @property
    def stopping(self) -> bool:
        """It was told to stop."""
        return self._stop.is_set()

    @property
    def failure(self) -> str | None:
        """Why it cannot go on; None when it was asked to stop."""
        return self._failure

    def on_stop(self, name: str, undo: Callable[[], Awaitable[Any]]) -> None:
        """Calls `undo` when the service stops; what was registered last is undone first."""
        self._undo.append((name, undo))

    def stop(self) -> None:
        """Asks the service to stop."""
        self._stop.set()

    def fail(self, why: str) -> None:
        """Stops the service, which then exits with 1."""
        if not self._stop.is_set():
            log.critical("cannot go on: %s", why)
            self._failure = self._failure or why
        self._stop.set()

    async def wait(self) -> None:
        """Returns once the service is told to stop."""
        await self._stop.wait()

    async def close(self, deadline: float = STOP_DEADLINE) -> None:
        """Undoes everything, whatever fails on the way, within `deadline` seconds in all."""
        ends = asyncio.get_running_loop().time() + deadline
        while self._undo:
            name, undo = self._undo.pop()
            try:
                async with asyncio.timeout_at(ends):
                    await undo()
            except TimeoutError:
                log.warning("stopping %s took too long", name)
            except Exception:
                log.exception("stopping %s failed", name)
        await self.tasks.close()


def run(main: Callable[[Lifecycle], Awaitable[None]], *, deadline: float = STOP_DEADLINE) -> int:
    """Runs a service until it is told to stop; the exit status: 0 when it was asked to, 1 when it failed."""
    return asyncio.run(_run(main, deadline))


async def _run(main: Callable[[Lifecycle], Awaitable[None]], deadline: float) -> int:
    lifecycle = Lifecycle()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unhandled)
    starting = asyncio.ensure_future(_start(main, lifecycle))

    def signalled(name: str) -> None:
        if lifecycle.stopping:
            log.warning("%s again: stopping at once", name)
            raise SystemExit(1)
        log.info("%s: stopping", name)
        lifecycle.stop()
        starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled, number.name)
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    await lifecycle.wait()
    await lifecycle.close(deadline)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    return 0 if lifecycle.failure is None else 1


async def _start(main: Callable[[Lifecycle], Awaitable[None]], lifecycle: Lifecycle) -> None:
    try:
        await main(lifecycle)
    except Exception as error:
        log.exception("the start failed")
        lifecycle.fail(f"the start failed: {error}")


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody caught is a bug: it is logged with its trace."""
    error = context.get("exception")
    log.error("unhandled: %s", context.get("message"), exc_info=error if isinstance(error, Exception) else None)
