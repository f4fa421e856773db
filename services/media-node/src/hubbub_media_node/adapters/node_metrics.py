"""Counts the transports and closed objects of clients."""

from __future__ import annotations

from typing import Final

from hubbub_contracts.bus import media
from hubbub_contracts.bus.media import ClosureEvent
from hubbub_service.metrics import Metrics, catalogue

_OBJECTS: Final[dict[type[ClosureEvent], str]] = {
    media.TransportClosed: "transport",
    media.ProducerClosed: "producer",
    media.ConsumerClosed: "consumer",
}
"""The label value for each kind of event."""


class NodeMetrics:
    """Implements `domain.ports.NodeTelemetry`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def transport_created(self) -> None:
        """A transport was created."""
        self._metrics.count(catalogue.TRANSPORTS_CREATED)

    def transport_connected(self) -> None:
        """A transport's DTLS handshake succeeded."""
        self._metrics.count(catalogue.TRANSPORTS_CONNECTED)

    def object_closed(self, event: ClosureEvent) -> None:
        """The owner of a closed object gets this event."""
        self._metrics.count(catalogue.CLOSED, _OBJECTS[type(event)], event.reason)
