"""`python -m hubbub_registry`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("registry", Settings, start))
