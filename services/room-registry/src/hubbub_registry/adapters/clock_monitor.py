"""Compares the time stamps of other processes with this replica's clock."""

from __future__ import annotations

import time

import structlog

from hubbub_bus import unix_ms

from ..domain.clock_skew import ClockSkews

_log = structlog.get_logger(__name__)


class ClockMonitor:
    """Warns about a process whose clock differs. Its readings are the metric `hubbub_clock_skew_seconds`."""

    def __init__(self) -> None:
        self._skews = ClockSkews()

    def received(self, sender: str, sent_at: int) -> None:
        """A message of `sender` arrived that was written at `sent_at`, in Unix milliseconds of its clock."""
        if self._skews.observe(sender, (unix_ms() - sent_at) / 1000, time.monotonic()):
            _log.warning("clocks differ", sender=sender, seconds_behind=round(self._skews.of(sender), 3))

    def largest(self) -> float:
        """The largest difference in seconds."""
        return self._skews.largest(time.monotonic())
