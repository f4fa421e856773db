"""`python -m hubbub_contracts.generate` writes the documents; with `--check` it says which are stale, and fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .asyncapi import asyncapi
from .schemas import socket_schema
from .socket_page import socket_page

ROOT = Path(__file__).resolve().parents[5]
"""The repository: this file lies at libs/contracts/src/hubbub_contracts/generate."""

DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/protocol/socket-messages.md": socket_page,
    "docs/protocol/bus.asyncapi.json": asyncapi,
    "libs/contracts/schemas/socket.schema.json": socket_schema,
}


def main(arguments: list[str]) -> int:
    """Writes or checks every document; the number of stale ones is the exit status."""
    stale = 0
    for name, make in DOCUMENTS.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in arguments:
            stale += 1
            sys.stderr.write(f"{name} is stale: run python -m hubbub_contracts.generate\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {name}\n")
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
