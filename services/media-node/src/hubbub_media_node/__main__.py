"""`python -m hubbub_media_node`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

raise SystemExit(run_service("media-node", Settings, start))
