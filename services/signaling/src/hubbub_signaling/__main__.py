"""`python -m hubbub_signaling`."""

from __future__ import annotations

import sys

from hubbub_service import configure_logging, configure_tracing, load_settings, run

from .bootstrap import start
from .settings import Settings


def main() -> int:
    """Runs signaling until it is told to stop."""
    settings = load_settings(Settings)
    configure_logging("signaling", settings.log_level, development=settings.development)
    tracing = configure_tracing("signaling")
    try:
        return run(lambda life: start(settings, life))
    finally:
        tracing.close()


if __name__ == "__main__":
    sys.exit(main())
