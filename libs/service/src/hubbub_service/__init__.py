"""What every service has: settings, logs, traces, metrics, a life with an orderly end and background tasks."""

from hubbub_service.lifecycle import Lifecycle, run
from hubbub_service.logging import configure_logging
from hubbub_service.metrics import Metrics
from hubbub_service.ops import OpsEndpoint, serve_ops
from hubbub_service.settings import ServiceSettings, load_settings
from hubbub_service.tasks import Tasks
from hubbub_service.tracing import configure_tracing

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
    "serve_ops",
]
