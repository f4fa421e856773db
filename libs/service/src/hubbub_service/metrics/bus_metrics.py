"""The metrics of a service's connection to the bus."""

from __future__ import annotations

from collections.abc import Callable

from . import catalogue
from .metrics import Metrics, Reading


class BusMetrics:
    """Implements `hubbub_bus.BusTelemetry`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def request_finished(self, verb: str, outcome: str, seconds: float) -> None:
        """See `BusTelemetry`."""
        self._metrics.observe(catalogue.BUS_REQUEST_DURATION, seconds, verb, outcome)

    def request_handled(self, verb: str, outcome: str, seconds: float) -> None:
        """See `BusTelemetry`."""
        self._metrics.observe(catalogue.BUS_HANDLING_DURATION, seconds, verb, outcome)

    def disconnected(self, reason: str) -> None:
        """See `BusTelemetry`."""
        self._metrics.count(catalogue.BUS_DISCONNECTS, reason)

    def reconnected(self) -> None:
        """See `BusTelemetry`."""
        self._metrics.count(catalogue.BUS_RECONNECTS)

    def message_dropped(self) -> None:
        """See `BusTelemetry`."""
        self._metrics.count(catalogue.BUS_OVERFLOWS)

    def report_connected(self, connected: Callable[[], bool]) -> None:
        """Calls `connected` on every scrape, for the gauge of the connection's state."""
        self._metrics.on_scrape(lambda: [Reading(catalogue.BUS_CONNECTED, connected())])
