"""What browsers may do with the answers of this server: the headers that make them refuse everything else.

Sources: Content Security Policy Level 3 (W3C), the Fetch standard for `X-Content-Type-Options`, Referrer Policy (W3C).
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",  # the icon is in the page
    "media-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
)


def content_security_policy(origins: Iterable[str]) -> str:
    """The policy of the page. `origins` may show it in a frame; `*`: any may, as any may connect."""
    ancestors = ("frame-ancestors 'self'", *(origin for origin in origins if origin != "null"))
    return "; ".join((*_POLICY, " ".join(ancestors)))


class SecurityHeaders:
    """ASGI middleware: adds the headers to every answer."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        """`origins`: see `content_security_policy`."""
        self._app = app
        self._policy = content_security_policy(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"  # addresses name rooms and carry tickets
                headers["Content-Security-Policy"] = self._policy
            await send(message)

        await self._app(scope, receive, send_with_headers)
