"""The port to which a connection reports its events. The bus knows no metrics; a service implements this."""

from __future__ import annotations

from typing import Protocol

OK = "ok"
"""The outcome of a request that succeeded. Any other outcome is the value of an `ErrorCode`."""


class BusTelemetry(Protocol):
    """Receives the events of one connection, in its event loop. Its methods must not block."""

    def request_finished(self, verb: str, outcome: str, seconds: float) -> None:
        """A request of this process was answered, failed, timed out or was cancelled after `seconds`."""

    def request_handled(self, verb: str, outcome: str, seconds: float) -> None:
        """A handler of this process answered a request after `seconds`."""

    def disconnected(self, reason: str) -> None:
        """The connection was lost: see `patched_client.DisconnectReason`."""

    def reconnected(self) -> None:
        """The connection was re-established."""

    def message_dropped(self) -> None:
        """The client dropped a message because its subscription's queue is full."""


class NoTelemetry:
    """Discards everything: the default of a connection."""

    def request_finished(self, verb: str, outcome: str, seconds: float) -> None:
        """See `BusTelemetry`."""

    def request_handled(self, verb: str, outcome: str, seconds: float) -> None:
        """See `BusTelemetry`."""

    def disconnected(self, reason: str) -> None:
        """See `BusTelemetry`."""

    def reconnected(self) -> None:
        """See `BusTelemetry`."""

    def message_dropped(self) -> None:
        """See `BusTelemetry`."""
