"""Shared parts of the services: settings, logs, traces, metrics, background tasks, and start and stop in order."""

from .lifecycle import Lifecycle, run
from .logging import configure_logging
from .metrics import Metrics
from .ops import OpsEndpoint, serve_ops
from .run_service import run_service
from .settings import ServiceSettings, load_settings
from .tasks import Tasks
from .tracing import configure_tracing

__all__ = [
    "Lifecycle",
    "Metrics",
    "OpsEndpoint",
    "ServiceSettings",
    "Tasks",
    "configure_logging",
    "configure_tracing",
    "load_settings",
    "run",
    "run_service",
    "serve_ops",
]
