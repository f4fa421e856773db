"""`python -m hubbub_media_node`."""

from __future__ import annotations

import sys

from hubbub_service import configure_logging, configure_tracing, load_settings, run

from .bootstrap import start
from .settings import Settings


def main() -> int:
    """Runs a media node until it is told to stop."""
    settings = load_settings(Settings)
    configure_logging("media-node", settings.log_level, development=settings.development)
    tracing = configure_tracing("media-node")
    try:
        return run(lambda life: start(settings, life))
    finally:
        tracing.close()


if __name__ == "__main__":
    sys.exit(main())
