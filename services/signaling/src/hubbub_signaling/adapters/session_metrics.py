"""The metrics of sessions."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts.bus.peer import LeaveReason
from hubbub_service import Metrics
from hubbub_service.metrics import Reading, catalogue

from ..handlers.session_manager import SessionManager
from .socket_server import SocketServer


class SessionMetrics:
    """Implements `SessionTelemetry`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def request_answered(self, event: str, outcome: str, seconds: float) -> None:
        """See `SessionTelemetry`."""
        self._metrics.observe(catalogue.SOCKET_REQUEST_DURATION, seconds, event, outcome)

    def peer_departed(self, reason: LeaveReason) -> None:
        """See `SessionTelemetry`."""
        self._metrics.count(catalogue.DEPARTURES, reason)

    def peer_taken_over(self) -> None:
        """See `SessionTelemetry`."""
        self._metrics.count(catalogue.TAKEOVERS)


def read_sessions(sessions: SessionManager, sockets: SocketServer) -> Iterator[Reading]:
    """The current number of connections, of served peers and of their standbys."""
    yield Reading(catalogue.CONNECTIONS, sockets.connections)
    yield Reading(catalogue.SESSIONS, sessions.serving)
    yield Reading(catalogue.STANDBYS, sessions.standbys)
