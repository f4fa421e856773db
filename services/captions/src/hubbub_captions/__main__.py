"""`python -m hubbub_captions`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("captions", Settings, start))
