"""`python -m hubbub_contracts.generate` writes the documents; with `--check` it fails when one is stale."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .asyncapi import asyncapi
from .documents import write_or_check
from .http_page import http_page
from .schemas import socket_schema
from .socket_page import socket_page

DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/protocol/socket-messages.md": socket_page,
    "docs/protocol/http.md": http_page,
    "docs/protocol/bus.asyncapi.json": asyncapi,
    "libs/contracts/schemas/socket.schema.json": socket_schema,
}

if __name__ == "__main__":
    raise SystemExit(write_or_check(DOCUMENTS, "hubbub_contracts.generate", sys.argv[1:]))
