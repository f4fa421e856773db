"""The end of a command that cannot go on."""

from __future__ import annotations

from typing import NoReturn

import typer


def fail(why: str, cause: Exception | None = None) -> NoReturn:
    """Prints the reason, and ends the command with status 1."""
    typer.secho(f"hubbub: {why}", err=True, fg="red")
    raise typer.Exit(1) from cause
