"""`python -m hubbub_calls`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("calls", Settings, start))
