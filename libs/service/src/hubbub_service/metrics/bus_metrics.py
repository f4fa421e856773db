"""What a service's connection to the bus does, as metrics."""

from __future__ import annotations

from collections.abc import Callable

from . import catalogue
from .metrics import Metrics, Reading


class BusMetrics:
    """The `hubbub_bus.Observer` of a service."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def requested(self, verb: str, outcome: str, seconds: float) -> None:
        """A request of ours was answered, or given up."""
        self._metrics.observe(catalogue.BUS_REQUEST_DURATION, seconds, verb, outcome)

    def handled(self, verb: str, outcome: str, seconds: float) -> None:
        """A request of somebody else's was answered."""
        self._metrics.observe(catalogue.BUS_HANDLING_DURATION, seconds, verb, outcome)

    def reconnected(self) -> None:
        """The connection was made again."""
        self._metrics.count(catalogue.BUS_RECONNECTS)

    def overflowed(self) -> None:
        """A message was dropped because a handler is too slow."""
        self._metrics.count(catalogue.BUS_OVERFLOWS)

    def watch(self, connected: Callable[[], bool]) -> None:
        """Shows whether the connection stands."""
        self._metrics.watch(lambda: [Reading(catalogue.BUS_CONNECTED, connected())])
