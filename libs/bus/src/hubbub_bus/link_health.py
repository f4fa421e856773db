"""Is the link to the bus good, and for how long has it been? A pure state machine: time is an argument, in seconds.

A connection that says "connected" may have been dead for seconds, so what counts is the last round trip. A process that
was stopped and goes on finds its last round trip old before it reads anything else, and so distrusts itself first.
"""

from __future__ import annotations

from dataclasses import dataclass

STALE_AFTER = 0.75
"""A link whose last round trip is older than this is not healthy. Pulses are 0.2 s apart."""


@dataclass(slots=True)
class LinkHealth:
    """Fed by round trips and by losses of the connection."""

    last_pulse: float | None = None
    healthy_since: float | None = None
    connected_since: float | None = None

    def connected(self, now: float) -> None:
        """The connection was made, or made again."""
        self.connected_since = now
        self.healthy_since = None
        self.last_pulse = None

    def lost(self) -> None:
        """The connection was lost."""
        self.connected_since = None
        self.healthy_since = None
        self.last_pulse = None

    def pulse(self, now: float) -> None:
        """A round trip ended well."""
        if self.healthy_since is None or self.last_pulse is None or now - self.last_pulse > STALE_AFTER:
            self.healthy_since = now
        self.last_pulse = now

    def healthy_for(self, seconds: float, now: float) -> bool:
        """True when every round trip of the last `seconds` ended well."""
        if self.last_pulse is None or self.healthy_since is None or now - self.last_pulse > STALE_AFTER:
            return False
        return now - self.healthy_since >= seconds

    def connected_for(self, seconds: float, now: float) -> bool:
        """True when the connection is at least `seconds` old."""
        return self.connected_since is not None and now - self.connected_since >= seconds
