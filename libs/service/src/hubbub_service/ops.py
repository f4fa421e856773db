"""Health, readiness and metrics over HTTP, for services that serve no other HTTP.

| path       | answer                                                            |
|------------|-------------------------------------------------------------------|
| `/health`  | 200 while the event loop runs                                     |
| `/ready`   | 200, or 503 with the reason why the service should get no traffic |
| `/metrics` | the metrics in Prometheus's format                                |

It serves one request per connection, GET and HEAD only, with limits on size and time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from http import HTTPStatus

import h11

from .lifecycle import Lifecycle
from .metrics import Metrics
from .settings import ServiceSettings

REQUEST_TIMEOUT = 5.0
"""Seconds from accepting a connection to the end of its response."""
MAX_CONNECTIONS = 32
_MAX_HEAD = 16 * 1024
_JSON = "application/json"


class OpsEndpoint:
    """The HTTP server. `/ready` answers 503 with the reason `starting` until `report_readiness` is called."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._why_not_ready: Callable[[], str | None] = lambda: "starting"
        self._server: asyncio.Server | None = None
        self._connections = 0

    def report_readiness(self, why_not_ready: Callable[[], str | None]) -> None:
        """Calls `why_not_ready` for each request to `/ready`: None is ready, a text is the reason in the 503."""
        self._why_not_ready = why_not_ready

    async def start(self, host: str, port: int) -> None:
        """Listens on `host`:`port`; port 0 lets the system choose. Raises OSError, which names METRICS_PORT."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_HEAD)
        except OSError as error:
            raise OSError(f"METRICS_PORT={port} cannot be used: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stops listening. Open connections end within REQUEST_TIMEOUT."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS:
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    await self._handle(reader, writer)
        except (TimeoutError, OSError, h11.RemoteProtocolError):
            pass  # the client is slow, has gone, or does not speak HTTP
        finally:
            self._connections -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        while (event := connection.next_event()) is h11.NEED_DATA:
            connection.receive_data(await reader.read(_MAX_HEAD))
        if not isinstance(event, h11.Request):
            return
        status, content_type, body = self._respond(event)
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Connection", "close")]
        for part in (
            h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
            h11.Data(data=b"" if event.method == b"HEAD" else body),
            h11.EndOfMessage(),
        ):
            writer.write(connection.send(part) or b"")
        await writer.drain()

    def _respond(self, request: h11.Request) -> tuple[HTTPStatus, str, bytes]:
        path = request.target.split(b"?", 1)[0]
        if request.method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, _JSON, b"{}"
        match path:
            case b"/health":
                return HTTPStatus.OK, _JSON, b'{"status":"ok"}'
            case b"/ready":
                reason = self._why_not_ready()
                if reason is None:
                    return HTTPStatus.OK, _JSON, b'{"ready":true}'
                body = json.dumps({"ready": False, "reason": reason}).encode()
                return HTTPStatus.SERVICE_UNAVAILABLE, _JSON, body
            case b"/metrics":
                accept = next((value for name, value in request.headers if name == b"accept"), b"")
                body, content_type = self._metrics.exposition(accept.decode("latin-1"))
                return HTTPStatus.OK, content_type, body
        return HTTPStatus.NOT_FOUND, _JSON, b"{}"


async def serve_ops(settings: ServiceSettings, metrics: Metrics, lifecycle: Lifecycle) -> OpsEndpoint:
    """Starts the endpoint on METRICS_PORT, and stops it with `lifecycle`; without METRICS_PORT it does not listen.

    Raises OSError when the port cannot be bound.
    """
    endpoint = OpsEndpoint(metrics)
    if settings.metrics_port is not None:
        await endpoint.start(settings.metrics_host, settings.metrics_port)
        lifecycle.on_stop("ops endpoint", endpoint.stop)
    return endpoint
