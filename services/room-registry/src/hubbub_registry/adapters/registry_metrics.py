"""The metrics that the registry counts while it handles requests."""

from __future__ import annotations

from hubbub_service import Metrics
from hubbub_service.metrics import catalogue


class RegistryMetrics:
    """Implements `RegistryTelemetry`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def resume_token_reused(self) -> None:
        """See `RegistryTelemetry`."""
        self._metrics.count(catalogue.REUSED_RESUME_TOKENS)
