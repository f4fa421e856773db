"""What sessions do, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts.bus.peer import LeaveReason
from hubbub_service import Metrics
from hubbub_service.metrics import Reading, catalogue

from ..handlers.office import Office
from .socket_server import SocketServer


class SessionMetrics:
    """The `domain.ports.Watcher` of an office."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def answered(self, event: str, outcome: str, seconds: float) -> None:
        """An event was acknowledged."""
        self._metrics.observe(catalogue.SOCKET_REQUEST_DURATION, seconds, event, outcome)

    def departed(self, reason: LeaveReason) -> None:
        """A peer is gone."""
        self._metrics.count(catalogue.DEPARTURES, reason)


def read_sessions(office: Office, sockets: SocketServer) -> Iterator[Reading]:
    """How many there are now."""
    yield Reading(catalogue.CONNECTIONS, sockets.connections)
    yield Reading(catalogue.SESSIONS, office.serving)
