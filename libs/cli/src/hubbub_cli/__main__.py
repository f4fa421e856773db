"""`python -m hubbub_cli` runs `hubbub`."""

from .main import app

app()
