"""`python -m hubbub_signaling`."""

from __future__ import annotations

import sys

from hubbub_service.lifecycle import run
from hubbub_service.settings import load

from .bootstrap import start
from .settings import Settings


def main() -> int:
    """Runs signaling until it is told to stop."""
    settings = load(Settings)
    return run("signaling", settings, lambda life: start(settings, life))


if __name__ == "__main__":
    sys.exit(main())
