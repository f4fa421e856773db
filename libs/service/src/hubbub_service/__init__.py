"""Shared parts of the services: settings, logs, traces, metrics, background tasks, and start and stop in order."""

from .absences import Absences
from .cancellation import cancel_and_wait
from .lifecycle import Lifecycle, run
from .logging import configure_logging
from .metrics import Metrics
from .ops import OpsEndpoint, serve_ops
from .run_service import run_service
from .settings import ServiceSettings, load_settings
from .tasks import Tasks, report_failure
from .tracing import configure_tracing

__all__ = [
    "Absences",
    "Lifecycle",
    "Metrics",
    "OpsEndpoint",
    "ServiceSettings",
    "Tasks",
    "cancel_and_wait",
    "configure_logging",
    "configure_tracing",
    "load_settings",
    "report_failure",
    "run",
    "run_service",
    "serve_ops",
]
