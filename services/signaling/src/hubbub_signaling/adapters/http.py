"""HTTP on the port of Socket.IO: health, readiness, metrics, counts of the cluster, and the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.bus.stats import ClusterStats, GetStats, WorkerCount
from hubbub_contracts.version import VERSION
from hubbub_service import Metrics

from ..domain.authorization import Grant
from ..domain.identity import USER_HEADER
from ..domain.ports import Backend
from ..domain.route_grants import require_named
from .access_http import AccessApi
from .calls_http import CallsApi
from .http_errors import install_error_handlers
from .identification import Identification
from .nodes_http import NodesApi
from .recordings_http import RecordingsApi
from .redacted_spans import RedactedSpans
from .reference_http import REFERENCE_FILES, serve_reference
from .rooms_http import RoomsApi
from .security_headers import SecurityHeaders
from .webhooks_http import WebhooksApi
from .whep_http import WhepApi
from .whip_http import WhipApi


class Health(Model):
    """The process runs."""

    status: str = "ok"


class Readiness(Model):
    """Whether calls can be set up."""

    ready: bool
    reason: str | None = None
    """Why it is not ready."""
    nodes: int | None = None
    """How many media nodes accept work; absent when the registry does not answer."""


class Stats(Model):
    """Counts of the whole cluster."""

    rooms: int
    peers: int
    audience: int
    """Those who only watch, which `peers` leaves out."""
    producers: int
    consumers: int
    transports: int
    workers: list[WorkerCount]
    nodes: int
    uptime: float
    """Seconds since this signaling instance started."""


class HeadAsGet:
    """ASGI middleware: HEAD is answered like GET (RFC 9110 section 9.3.2). The HTTP server omits the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send)


class Page(StaticFiles):
    """The built page. Assets have a hash in their name and never change; everything else is asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See `StaticFiles`. The reference of the routes has a route of its own, with a grant."""
        if path in REFERENCE_FILES:
            raise HubbubError(ErrorCode.NOT_FOUND, "the reference is at /docs")
        response = await super().get_response(path, scope)
        is_asset = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_asset else "no-cache"
        return response


def make_http(
    backend: Backend,
    metrics: Metrics,
    page: Path | None,
    *,
    rooms: RoomsApi,
    nodes: NodesApi,
    calls: CallsApi,
    recordings: RecordingsApi,
    webhooks: WebhooksApi,
    access: AccessApi,
    whip: WhipApi,
    whep: WhepApi,
    identification: Identification,
    origins: list[str],
    why_not_ready: Callable[[], str | None],
) -> FastAPI:
    """The HTTP application.

    Arguments:
        backend: answers readiness and statistics.
        metrics: what `/metrics` serves.
        page: the directory of the built page; None serves none.
        rooms: the routes about rooms.
        nodes: the routes about media nodes.
        calls: the routes about calls.
        recordings: the routes about recordings.
        webhooks: the routes about webhooks.
        access: the routes about access tokens.
        whip: the routes of WHIP.
        whep: the routes of WHEP.
        identification: who may read statistics, metrics and the OpenAPI document.
        origins: the allowed CORS origins, which may also show the page in a frame.
        why_not_ready: returns why this instance should get no clients, or None.
    """

    async def admin(request: Request) -> None:
        identification.authorize(request.scope, Grant.ADMIN)

    async def named(request: Request) -> None:
        require_named(request.method, request.scope["route"].path)

    app = FastAPI(
        title="Hubbub",
        version=VERSION,
        description="Health, readiness and statistics of a WebRTC SFU, calls, recordings and webhooks.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(named)],
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", USER_HEADER],
        expose_headers=["Location", "ETag", "Link"],
    )
    app.add_middleware(HeadAsGet)
    app.add_middleware(RedactedSpans)
    app.add_middleware(SecurityHeaders, origins=origins)
    started = time.monotonic()

    @app.get("/health", response_model=Health)
    async def health() -> Health:
        return Health()

    @app.get(
        "/ready", response_model=Readiness, response_model_exclude_none=True, responses={503: {"model": Readiness}}
    )
    async def ready(response: Response) -> Readiness:
        readiness = await _readiness(backend, why_not_ready)
        response.status_code = 200 if readiness.ready else 503
        return readiness

    @app.get("/stats", response_model=Stats, responses={503: {}}, dependencies=[Depends(admin)])
    async def stats() -> Stats | Response:
        try:
            counts = await backend.registry(GetStats())
        except HubbubError as error:
            return Response(error.reply().model_dump_json(), status_code=503, media_type="application/json")
        return Stats(
            **counts.model_dump(exclude={"workers"}), workers=counts.workers, uptime=time.monotonic() - started
        )

    @app.get("/metrics", response_class=Response, include_in_schema=False, dependencies=[Depends(admin)])
    async def exposition(request: Request) -> Response:
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(admin)])
    async def openapi(request: Request) -> JSONResponse:
        prefix = request.scope.get("root_path", "")
        return JSONResponse({**app.openapi(), **({"servers": [{"url": prefix}]} if prefix else {})})

    serve_reference(app, page, identification)
    install_error_handlers(app)
    rooms.install(app)
    nodes.install(app)
    calls.install(app)
    recordings.install(app)
    webhooks.install(app)
    access.install(app)
    whip.install(app)
    whep.install(app)
    if page is not None:
        app.mount("/", Page(directory=page, html=True), name="page")
    return app


async def _readiness(backend: Backend, why_not_ready: Callable[[], str | None]) -> Readiness:
    reason = why_not_ready()
    if reason is not None:
        return Readiness(ready=False, reason=reason)
    try:
        counts: ClusterStats = await backend.registry(GetStats())
    except HubbubError as error:
        return Readiness(ready=False, reason=f"registry: {error.message}")
    if counts.nodes == 0:
        return Readiness(ready=False, reason="no media node", nodes=0)
    return Readiness(ready=True, nodes=counts.nodes)
