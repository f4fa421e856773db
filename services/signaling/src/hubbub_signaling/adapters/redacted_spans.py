"""Keeps secrets in URLs out of the spans of requests: tickets of recordings, and the session URLs of WHIP and WHEP."""

from __future__ import annotations

from opentelemetry import trace
from starlette.types import ASGIApp, Receive, Scope, Send

REDACTED = "REDACTED"
_SESSION_ROUTES = ("whip", "whep")
"""`/whip/{callId}/{session}`: who knows the session's URL may end it (RFC 9725)."""


class RedactedSpans:
    """ASGI middleware: replaces `url.query` and `url.path` of FastAPI's span of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http":
            span = trace.get_current_span()
            if scope["query_string"]:
                span.set_attribute("url.query", REDACTED)
            span.set_attribute("url.path", without_session(scope["path"]))
        await self._app(scope, receive, send)


def without_session(path: str) -> str:
    """The path, without the secret of a session of WHIP or WHEP."""
    parts = path.split("/")
    if len(parts) > 3 and parts[1] in _SESSION_ROUTES:
        return "/".join([*parts[:3], REDACTED])
    return path
