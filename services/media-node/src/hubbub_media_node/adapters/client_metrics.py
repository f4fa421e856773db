"""How clients fare, as metrics."""

from __future__ import annotations

from typing import Final

from hubbub_contracts.bus import media
from hubbub_service.metrics import Metrics, catalogue

from ..domain.closures import Notice

_OBJECTS: Final[dict[type[Notice], str]] = {
    media.TransportClosed: "transport",
    media.ProducerClosed: "producer",
    media.ConsumerClosed: "consumer",
}


class ClientMetrics:
    """The `domain.ports.Watcher` of a node."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def transport_created(self) -> None:
        """A transport was made."""
        self._metrics.count(catalogue.TRANSPORTS_CREATED)

    def transport_connected(self) -> None:
        """Its client was reached, and is who it said."""
        self._metrics.count(catalogue.TRANSPORTS_CONNECTED)

    def closed(self, notice: Notice) -> None:
        """The owner of an object is told that it ended."""
        self._metrics.count(catalogue.CLOSED, _OBJECTS[type(notice)], notice.reason)
