"""Requests to an ASGI application without a server, from a client on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

Headers = Mapping[str, str]


class Answer:
    """A response."""

    def __init__(self, messages: list[Any]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in messages[0].get("headers", [])}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def ask(app: Any, path: str, method: str = "GET", headers: Headers | None = None, body: bytes = b"") -> Answer:
    """Sends a request; `path` may have a query."""
    messages: list[Any] = []
    request = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(request, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        messages.append(message)

    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "scheme": "http",
        "server": ("127.0.0.1", 4000),
        "client": ("127.0.0.1", 5000),
    }
    await app(scope, receive, send)
    return Answer(messages)
