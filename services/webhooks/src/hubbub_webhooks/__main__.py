"""`python -m hubbub_webhooks`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("webhooks", Settings, start))
