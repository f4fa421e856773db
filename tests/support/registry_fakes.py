"""Fakes for the ports of the registry other than its store."""

from __future__ import annotations


class FakeTelemetry:
    """Implements `RegistryTelemetry`."""

    def __init__(self) -> None:
        self.reused_tokens = 0

    def resume_token_reused(self) -> None:
        """See `RegistryTelemetry`."""
        self.reused_tokens += 1
