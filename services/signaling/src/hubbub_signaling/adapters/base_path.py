"""Serves the application under a path as well, for proxies that leave the path's prefix in requests."""

from __future__ import annotations

from typing import Any

from .engine_server import Receive, Send


class BasePath:
    """ASGI middleware: `/call/health` is `/health`, and `/call` is redirected to `/call/`.

    Requests without the prefix are served too: they come from proxies that remove it, and from health checks.
    """

    def __init__(self, app: Any, prefix: str) -> None:
        """`prefix` starts with a slash and does not end with one; empty: it changes nothing."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serves one request."""
        if self._prefix and scope["type"] in ("http", "websocket"):
            if scope["type"] == "http" and scope["path"] == self._prefix:
                await _redirect(scope, send, f"{self._prefix}/")
                return
            path = scope["path"]
            path = path.removeprefix(self._prefix) if path.startswith(f"{self._prefix}/") else path
            scope = {**scope, "path": path, "root_path": self._prefix}
        await self._app(scope, receive, send)


async def _redirect(scope: dict[str, Any], send: Send, path: str) -> None:
    query = scope["query_string"]
    location = path.encode() + (b"?" + query if query else b"")
    await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
    await send({"type": "http.response.body"})
