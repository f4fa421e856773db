"""An HTTP server in a thread, for tests that need a peer for HTTP requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class HttpServer:
    """Serves requests with `handler` on a free port of the loopback interface. A context manager."""

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # Shutdown waits for the poll interval.
        arguments = {"poll_interval": 0.05}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=arguments, daemon=True)

    @property
    def url(self) -> str:
        """The server's URL without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Starts to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops and closes the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Quiet:
    """A mix-in for request handlers that do not log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class has this name
        """Logs nothing."""
