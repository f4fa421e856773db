"""Reports the exceptions that nobody catches to the log."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from typing import Any

import structlog

from .tasks import report_failure

_log = structlog.get_logger(__name__)

ACCEPT_FAILURE_INTERVAL = 5.0
"""Seconds in which connections that cannot be accepted are logged once."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class UncaughtExceptions:
    """The exception handler of an event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._logged_at: float | None = None

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Reports an exception as asyncio describes it."""
        error = context.get("exception")
        if "socket" in context and isinstance(error, OSError) and error.errno in _EXHAUSTED:
            self._not_accepted(error)
        else:
            report_failure("unhandled exception", error, message=context.get("message"))

    def _not_accepted(self, error: OSError) -> None:
        """No bug. asyncio reports it for each place in the backlog, every second: tracebacks would take all time."""
        now = self._clock()
        if self._logged_at is None or now >= self._logged_at + ACCEPT_FAILURE_INTERVAL:
            self._logged_at = now
            _log.error("cannot accept connections: raise the limit of open files", error=error.strerror)
