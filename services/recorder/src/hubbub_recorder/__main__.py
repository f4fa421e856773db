"""`python -m hubbub_recorder`."""

from hubbub_service import run_service

from .bootstrap import start
from .settings import Settings

if __name__ == "__main__":  # a process that multiprocessing starts imports this module again
    raise SystemExit(run_service("recorder", Settings, start))
