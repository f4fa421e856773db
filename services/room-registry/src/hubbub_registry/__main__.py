"""`python -m hubbub_registry`."""

from __future__ import annotations

import sys

from hubbub_registry.bootstrap import start
from hubbub_registry.settings import Settings
from hubbub_service import configure_logging, configure_tracing, load_settings, run


def main() -> int:
    """Runs one replica until it is told to stop."""
    settings = load_settings(Settings)
    configure_logging("registry", settings.log_level, development=settings.development)
    tracing = configure_tracing("registry")
    try:
        return run(lambda life: start(settings, life))
    finally:
        tracing.close()


if __name__ == "__main__":
    sys.exit(main())
