"""What a command has read of an installation, and how it is shown: once, or again and again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import typer

from hubbub_client.api import CallError, ServerApi

from .text_table import cut

INTERVAL = 2.0
"""Seconds between two readings of `--watch`."""
TIMEOUT = 10.0
"""Seconds for one request."""
_HOME, _TO_END_OF_LINE, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
_CLEAR = f"{_HOME}{_TO_END}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer."""

    document: dict[str, Any]
    """For `--json`."""
    lines: Callable[[int | None], list[str]]
    """The text, by the width of the terminal; None: as wide as it needs."""


Read = Callable[[ServerApi], Awaitable[Reading]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Where an installation is, and how its readings are shown."""

    url: str
    key: Callable[[], str | None]
    """An API key or an access token, made for each reading: a token expires."""
    watch: bool
    as_json: bool


def show(read: Read, shown: Shown) -> None:
    """Prints one reading, or one after another until Ctrl-C.

    Raises CallError when the first reading fails. Later ones that fail for the moment are reported and repeated.
    """
    try:
        asyncio.run(_watch(read, shown) if shown.watch else _once(read, shown))
    except KeyboardInterrupt:
        if not shown.as_json:
            typer.echo()  # the terminal has shown ^C


async def _once(read: Read, shown: Shown) -> None:
    reading = await _read(read, shown)
    if shown.as_json:
        typer.echo(json.dumps(reading.document, indent=2))
    else:
        typer.echo("\n".join(reading.lines(_width())))


async def _watch(read: Read, shown: Shown) -> None:
    is_first = True
    while True:
        try:
            reading = await _read(read, shown)
            if shown.as_json:
                typer.echo(json.dumps(reading.document))
            else:
                _draw(reading.lines(_width()), is_first=is_first)
        except CallError as error:
            if is_first or not (error.retryable or error.code == "unreachable"):
                raise
            typer.echo(f"hubbub: {error.message}; trying again", err=True)
        is_first = False
        await asyncio.sleep(INTERVAL)


async def _read(read: Read, shown: Shown) -> Reading:
    async with ServerApi(shown.url, key=shown.key(), timeout=TIMEOUT) as api:
        return await read(api)


def _draw(lines: list[str], *, is_first: bool) -> None:
    """Replaces the text on a terminal; elsewhere, adds it after an empty line."""
    if not sys.stdout.isatty():
        typer.echo("\n".join([*([] if is_first else [""]), *lines]))
        return
    size = _terminal_size()
    fitting = size.lines - 1
    if len(lines) > fitting:
        more = len(lines) - fitting + 1
        lines = [*lines[: fitting - 1], cut(f"... {more} more lines", size.columns)]
    start = _CLEAR if is_first else _HOME
    typer.echo(start + "".join(f"{line}{_TO_END_OF_LINE}\n" for line in lines) + _TO_END, nl=False)


def _width() -> int | None:
    return _terminal_size().columns if sys.stdout.isatty() else None


def _terminal_size() -> os.terminal_size:
    """That of the terminal on standard output. `COLUMNS` in the environment may be that of another one."""
    return os.get_terminal_size(sys.stdout.fileno())
