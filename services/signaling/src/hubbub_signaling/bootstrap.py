"""Builds signaling and starts it."""

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
from .adapters.socket_packets import MAX_FRAME
from .adapters.socket_server import SocketServer
from .adapters.tls import ReloadedCertificate
from .domain.session_settings import SessionSettings
from .handlers.catalogue import HANDLERS
from .handlers.reconnect_grace import ReconnectGrace
from .handlers.registry_outbox import RegistryOutbox
from .handlers.room_hub import RoomHubs
from .handlers.session import SessionPorts
from .handlers.session_manager import SessionManager
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Starts signaling. What has to be stopped is registered with `lifecycle`."""
    # Bound first, so that a port in use is reported before anything else happens.
    listener = _listen(settings.host, settings.port)
    metrics = Metrics("signaling")
    bus = await _connect(settings, lifecycle, metrics)
    epoch = await _acquire_lease(settings, lifecycle, bus)

    backend = BusBackend(bus)
    telemetry = SessionMetrics(metrics)
    hubs = RoomHubs(backend)
    session_settings = SessionSettings(
        settings.signaling_id, epoch, settings.reconnect_grace, settings.client_ice_servers
    )
    ports = SessionPorts(backend, hubs, RegistryOutbox(backend, telemetry), session_settings, HANDLERS, telemetry)
    sessions = SessionManager(ports, ReconnectGrace(backend, settings.reconnect_grace))
    await bus.subscribe(subjects.REVISIONS, RoomRevisions, lambda event: hubs.announce(event.revisions))

    origins = _origins(settings.frontend_url)
    sockets = SocketServer(sessions, telemetry, origins=origins)
    metrics.on_scrape(lambda: read_sessions(sessions, sockets))
    http = make_http(backend, metrics, _page(settings.page_dir), origins, accepting=lambda: not lifecycle.stopping)
    server = uvicorn.Server(_uvicorn_config(socketio.ASGIApp(sockets, http), _certificate(settings, lifecycle)))
    # uvicorn's `serve` wraps `_serve` in signal handlers of its own; the lifecycle handles signals here.
    serving = lifecycle.tasks.spawn(server._serve([listener]), "http", vital=True)  # noqa: SLF001

    async def drain() -> None:
        server.should_exit = True
        await sessions.stop()
        await asyncio.wait([serving])

    lifecycle.on_stop("sockets", drain)
    _log.info("signaling is up", port=listener.getsockname()[1], signaling_id=settings.signaling_id)


async def _connect(settings: Settings, lifecycle: Lifecycle, metrics: Metrics) -> Bus:
    telemetry = BusMetrics(metrics)
    bus = await Bus.connect(settings.nats_url, name=f"signaling-{settings.signaling_id}", telemetry=telemetry)
    telemetry.report_connected(lambda: bus.connected)
    lifecycle.on_stop("bus", bus.close)
    bus.on_closed(lambda: lifecycle.fail("the connection to NATS is closed for good"))
    return bus


async def _acquire_lease(settings: Settings, lifecycle: Lifecycle, bus: Bus) -> int:
    """The epoch of this instance's lease."""

    def lost(how: Literal["lapsed", "fenced"]) -> None:
        if how == "fenced":
            lifecycle.fail(f"another instance has the SIGNALING_ID {settings.signaling_id}")

    lease = Lease(bus, subjects.signaling_lease(settings.signaling_id), settings.signaling_id, on_lost=lost)
    epoch = await lease.acquire()
    lifecycle.on_stop("lease", lease.release)
    return epoch


def _uvicorn_config(app: socketio.ASGIApp, certificate: ReloadedCertificate | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
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


def _listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises OSError, with the port, when it cannot be bound."""
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


def _certificate(settings: Settings, lifecycle: Lifecycle) -> ReloadedCertificate | None:
    """The certificate for HTTPS, reloaded when its files change. None: HTTP, directly or behind a TLS proxy."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    certificate = ReloadedCertificate(settings.tls_cert, settings.tls_key)
    lifecycle.tasks.spawn(certificate.watch(), "certificate", vital=True)
    return certificate


def _origins(frontend_url: str | None) -> list[str]:
    """The allowed CORS origins: all when none is set. There are no cookies, so no page can act for another."""
    if not frontend_url:
        return ["*"]
    return [origin.strip().rstrip("/") for origin in frontend_url.split(",")]


def _page(directory: Path | None) -> Path | None:
    if directory is not None and not (directory / "index.html").is_file():
        _log.warning("the page is not built and not served", directory=str(directory))
        return None
    return directory
