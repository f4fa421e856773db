"""`python -m hubbub_signaling`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("signaling", Settings, start))
