"""Wires signaling: bus, lease, office, sockets, HTTP."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Literal

import socketio
import structlog
import uvicorn

from hubbub_bus import Bus, Lease
from hubbub_contracts import subjects
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_service import Lifecycle, Metrics
from hubbub_service.metrics import BusMetrics

from .adapters.bus_backend import BusBackend
from .adapters.http import make_http
from .adapters.session_metrics import SessionMetrics, read_sessions
from .adapters.socket_server import MAX_FRAME, SocketServer
from .adapters.tls import ReloadedCertificate
from .handlers.catalogue import HANDLERS
from .handlers.office import Office, OfficeSettings
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, life: Lifecycle) -> None:
    """Starts everything; what is undone at the end is registered with `life` as it comes."""
    listener = _listen(settings.host, settings.port)
    metrics = Metrics("signaling")
    bus_metrics = BusMetrics(metrics)
    bus = await Bus.connect(settings.nats_url, name=f"signaling-{settings.signaling_id}", telemetry=bus_metrics)
    bus_metrics.report_connected(lambda: bus.connected)
    life.on_stop("bus", bus.close)
    bus.on_closed(lambda: life.fail("the bus is closed for good"))

    def lost(how: Literal["lapsed", "fenced"]) -> None:
        if how == "fenced":
            life.fail(f"another instance is called {settings.signaling_id}")

    lease = Lease(bus, subjects.signaling_lease(settings.signaling_id), settings.signaling_id, on_lost=lost)
    await lease.acquire()
    life.on_stop("lease", lease.release)

    backend = BusBackend(bus)
    office = Office(
        backend,
        OfficeSettings(settings.signaling_id, settings.reconnect_grace, settings.client_ice_servers),
        HANDLERS,
        SessionMetrics(metrics),
    )
    await bus.subscribe(subjects.REVISIONS, RoomRevisions, lambda told: office.hubs.heard_revisions(told.revisions))
    origins = _origins(settings.frontend_url)
    certificate = _certificate(settings, life)
    sockets = SocketServer(office, origins=origins)
    metrics.on_scrape(lambda: read_sessions(office, sockets))
    server = uvicorn.Server(
        uvicorn.Config(
            socketio.ASGIApp(
                sockets,
                make_http(
                    backend, metrics, _page(settings.page_dir), origins, accepting=lambda: not server.should_exit
                ),
            ),
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ssl_context_factory=None if certificate is None else lambda _config, _default: certificate.context,
        )
    )
    # `serve` is `_serve` with uvicorn's own signal handlers around it; the signals are the lifecycle's.
    serving = life.tasks.spawn(server._serve([listener]), "http", vital=True)  # noqa: SLF001

    async def drain() -> None:
        server.should_exit = True
        await office.stop()
        await asyncio.wait([serving])

    life.on_stop("sockets", drain)
    _log.info("signaling is up", port=listener.getsockname()[1], signaling_id=settings.signaling_id)


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, taken first, so that a port in use is told before anything else is done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"TCP port {port} cannot be used: {error.strerror}") from error
    listener.listen(2048)
    return listener


def _certificate(settings: Settings, life: Lifecycle) -> ReloadedCertificate | None:
    """That of HTTPS, watched; None: HTTP is spoken, here or behind a proxy that ends TLS."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    certificate = ReloadedCertificate(settings.tls_cert, settings.tls_key)
    life.tasks.spawn(certificate.watch(), "certificate", vital=True)
    return certificate


def _origins(frontend_url: str | None) -> list[str]:
    """Where pages may come from: anywhere, if nothing is set. No cookie is used, so no page can borrow another's."""
    if not frontend_url:
        return ["*"]
    return [origin.strip().rstrip("/") for origin in frontend_url.split(",")]


def _page(directory: Path | None) -> Path | None:
    if directory is not None and not (directory / "index.html").is_file():
        _log.warning("no page is served: it is not built", directory=str(directory))
        return None
    return directory
