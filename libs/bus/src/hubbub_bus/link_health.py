"""The health of the link to NATS: a pure state machine. Times are monotonic seconds.

A client may report "connected" for seconds after its link died, so health is judged by the last round trip. A process
that was stopped (SIGSTOP, a suspended VM) finds its last round trip outdated before it reads anything else, so it
distrusts its own view first.
"""

from __future__ import annotations

from dataclasses import dataclass

STALE_AFTER = 0.75
"""Seconds after the last round trip at which the link is unhealthy. Round trips are 0.2 s apart."""


@dataclass(slots=True)
class LinkHealth:
    """The history of one connection's round trips and losses."""

    last_round_trip: float | None = None
    healthy_since: float | None = None
    connected_since: float | None = None

    def connected(self, now: float) -> None:
        """Records that the connection was established or re-established."""
        self.connected_since = now
        self.healthy_since = None
        self.last_round_trip = None

    def disconnected(self) -> None:
        """Records that the connection was lost."""
        self.connected_since = None
        self.healthy_since = None
        self.last_round_trip = None

    def round_trip(self, now: float) -> None:
        """Records a successful round trip."""
        if self.healthy_since is None or self.last_round_trip is None or now - self.last_round_trip > STALE_AFTER:
            self.healthy_since = now
        self.last_round_trip = now

    def healthy_for(self, seconds: float, now: float) -> bool:
        """Returns whether every round trip of the last `seconds` succeeded."""
        if self.last_round_trip is None or self.healthy_since is None or now - self.last_round_trip > STALE_AFTER:
            return False
        return now - self.healthy_since >= seconds

    def overdue(self, now: float) -> float:
        """Returns the seconds since the last round trip; 0 as long as the next one is not late."""
        silence = 0.0 if self.last_round_trip is None else now - self.last_round_trip
        return silence if silence > STALE_AFTER else 0.0

    def connected_for(self, seconds: float, now: float) -> bool:
        """Returns whether the connection is at least `seconds` old."""
        return self.connected_since is not None and now - self.connected_since >= seconds
