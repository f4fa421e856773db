"""The body of every service's `__main__.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from .lifecycle import Lifecycle, run
from .logging import configure_logging
from .settings import ServiceSettings, load_settings
from .tracing import configure_tracing

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def run_service(
    name: str, settings_model: type[SettingsT], start: Callable[[SettingsT, Lifecycle], Awaitable[None]]
) -> int:
    """Runs a service until SIGTERM, SIGINT or a fatal error, and returns the exit status.

    Arguments:
        name: the service's name in logs and traces.
        settings_model: read from the environment. Invalid settings exit with status 2 (see `load_settings`).
        start: builds the service and registers its clean-up with the lifecycle.

    The status is 0 after a signal and 1 after a failure.
    """
    settings = load_settings(settings_model)
    configure_logging(name, settings.log_level, development=settings.development)
    tracing = configure_tracing(name)
    try:
        return run(lambda lifecycle: start(settings, lifecycle))
    finally:
        tracing.close()
