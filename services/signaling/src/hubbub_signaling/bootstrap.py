"""Builds signaling and starts it."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Literal

import socketio
import structlog
import uvicorn

from hubbub_access import KeySet, TokenVerifier
from hubbub_bus import Bus, Endpoints, Lease, Rejoins, connect_service
from hubbub_contracts import subjects
from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.bus.presence import FindDevices
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_service import Lifecycle, Metrics, serve_ops

from .adapters.access_http import AccessApi
from .adapters.base_path import BasePath
from .adapters.bus_backend import BusBackend
from .adapters.calls_bus import CallsBus
from .adapters.calls_http import CallsApi
from .adapters.calls_namespace import CallsNamespace
from .adapters.forwarded import ForwardedHeaders
from .adapters.http import make_http
from .adapters.http_limits import HttpLimits
from .adapters.http_server import SHUTDOWN_TIMEOUT, http_config, listen
from .adapters.identification import Identification
from .adapters.media_authorization import MediaAuthorization
from .adapters.nodes_http import NodesApi
from .adapters.published_keys import PublishedKeys
from .adapters.recordings_http import RecordingsApi
from .adapters.revocation_view import RevocationView
from .adapters.rooms_http import RoomsApi
from .adapters.session_metrics import SessionMetrics, read_sessions
from .adapters.socket_server import SocketServer
from .adapters.tls import ReloadedCertificate
from .adapters.webhooks_http import WebhooksApi
from .adapters.whep_http import WhepApi
from .adapters.whip_http import WhipApi
from .domain.client_limits import ClientLimits
from .domain.known_store import KnownStore
from .domain.media_access import require_publisher, require_viewer
from .domain.revocations import Revocations
from .domain.session_settings import SessionSettings
from .handlers.calls.hub import CallHub
from .handlers.catalogue import HANDLERS
from .handlers.confirmed_backend import ConfirmedBackend
from .handlers.live_tokens import LiveTokens
from .handlers.peer_restorer import PeerRestorer
from .handlers.reconnect_grace import ReconnectGrace
from .handlers.registry_outbox import RegistryOutbox
from .handlers.room_hub import RoomHubs
from .handlers.session import SessionPorts
from .handlers.session_manager import CLOSE_TIMEOUT, DRAIN_TIMEOUT, SessionManager
from .handlers.whep.sessions import WhepSessions
from .handlers.whip.sessions import WhipSessions
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Starts signaling. What has to be stopped is registered with `lifecycle`."""
    # Bound first, so that a port in use is reported before anything else happens.
    listener = listen(settings.host, settings.port)
    metrics = Metrics("signaling")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, f"signaling-{settings.signaling_id}")
    lease = await _acquire_lease(settings, lifecycle, bus)

    known_store = KnownStore()
    bus_backend = BusBackend(bus)
    backend = ConfirmedBackend(bus_backend, known_store)
    bus.on_disconnect(backend.connection_lost)
    lifecycle.on_stop("store confirmation", backend.stop)
    telemetry = SessionMetrics(metrics)
    hubs = RoomHubs(backend)
    session_settings = SessionSettings(
        settings.signaling_id,
        lease.epoch,
        settings.reconnect_grace,
        settings.client_ice_servers,
        settings.captions,
        settings.participants_record,
        settings.lobby_timeout,
        settings.region,
    )
    forwarded = ForwardedHeaders(settings.proxies)
    revocations = Revocations()
    verifier, published_keys = _token_verifier(settings, lifecycle)
    identification = Identification(settings.identity_policy(verifier, revocations.applied_to), forwarded)
    tokens = LiveTokens(identification.verify, revocations)
    if identification.uses_tokens:
        revocation_view = RevocationView(bus, tokens.revoke)
        lifecycle.on_stop("revocations", revocation_view.stop)
        await revocation_view.start()
    ports = SessionPorts(
        backend,
        hubs,
        RegistryOutbox(backend, telemetry),
        session_settings,
        HANDLERS,
        telemetry,
        tokens,
    )
    sessions = SessionManager(ports, ReconnectGrace(backend, settings.reconnect_grace))
    restorer = PeerRestorer(bus_backend, known_store, sessions.memberships)
    lifecycle.on_stop("peer restorer", restorer.stop)

    rejoins = Rejoins()

    def on_revisions(event: RoomRevisions) -> None:
        if rejoins.are_new(event.rejoined):
            bus.report_gap()
        hubs.announce(event.revisions)
        restorer.announce(event.store, event.sequence)

    await bus.subscribe(subjects.REVISIONS, RoomRevisions, on_revisions)

    origins = settings.allowed_origins
    limits = ClientLimits(settings.address_limits, settings.user_limits)
    http_limits = HttpLimits(limits, forwarded)
    calls = CallsBus(bus)
    call_hub = await _start_call_hub(bus, calls, lifecycle)
    sockets = SocketServer(
        sessions,
        CallsNamespace(call_hub, calls, identification, telemetry, tokens),
        identification,
        telemetry,
        origins=origins,
        limits=limits,
        forwarded=forwarded,
    )
    metrics.on_scrape(lambda: read_sessions(sessions, sockets))
    http = make_http(
        backend,
        metrics,
        _page(settings.page_dir),
        rooms=RoomsApi(backend, identification, http_limits),
        nodes=NodesApi(backend, identification, http_limits),
        calls=CallsApi(calls, identification, http_limits),
        recordings=RecordingsApi(bus_backend, identification, http_limits, revocations),
        webhooks=WebhooksApi(bus_backend, identification, http_limits),
        access=AccessApi(bus_backend, identification, http_limits, settings.token_issue),
        whip=WhipApi(
            WhipSessions(sessions, backend, ports.outbox),
            MediaAuthorization(settings.whip_access, require_publisher, identification, http_limits, forwarded),
        ),
        whep=WhepApi(
            WhepSessions(sessions),
            MediaAuthorization(settings.whep_access, require_viewer, identification, http_limits, forwarded),
        ),
        identification=identification,
        origins=origins.cors,
        why_not_ready=lambda: _why_not_ready(lease, lifecycle, published_keys),
    )
    app = BasePath(socketio.ASGIApp(sockets, http), settings.base_path)
    server = uvicorn.Server(http_config(app, _tls_context(settings, lifecycle)))
    # uvicorn's `serve` wraps `_serve` in signal handlers of its own; the lifecycle handles signals here.
    serving = lifecycle.tasks.spawn(server._serve([listener]), "http", vital=True)  # noqa: SLF001

    async def drain() -> None:
        server.should_exit = True
        await sessions.stop()
        # Its shutdown closes the other sockets, and with them the sessions that are not in a room yet.
        await asyncio.wait([serving], timeout=SHUTDOWN_TIMEOUT)
        await sessions.drain()

    lifecycle.on_stop("sockets", drain, timeout=SHUTDOWN_TIMEOUT + CLOSE_TIMEOUT + DRAIN_TIMEOUT)
    ops.report_readiness(
        lambda: _why_not_ready(lease, lifecycle, published_keys) if bus.connected else "the bus is not connected"
    )
    _log.info("signaling is up", port=listener.getsockname()[1], signaling_id=settings.signaling_id)


async def _start_call_hub(bus: Bus, calls: CallsBus, lifecycle: Lifecycle) -> CallHub:
    """Follows calls, and answers for the devices of this instance."""
    hub = CallHub(calls, clock=lambda: time.time_ns() // 1_000_000)
    await hub.start()
    lifecycle.on_stop("calls", hub.stop)
    devices = await bus.serve(subjects.signaling(FindDevices.verb), FindDevices, hub.find_devices)
    lifecycle.on_stop("devices", devices.stop, timeout=Endpoints.STOP_TIMEOUT)
    messages = await bus.serve(subjects.signaling(DeliverMessage.verb), DeliverMessage, hub.deliver)
    lifecycle.on_stop("messages", messages.stop, timeout=Endpoints.STOP_TIMEOUT)
    return hub


async def _acquire_lease(settings: Settings, lifecycle: Lifecycle, bus: Bus) -> Lease:
    """This instance's lease."""

    def lost(how: Literal["lapsed", "fenced"]) -> None:
        if how == "fenced":
            lifecycle.fail(f"another instance has the SIGNALING_ID {settings.signaling_id}")

    lease = Lease(bus, subjects.signaling_lease(settings.signaling_id), settings.signaling_id, on_lost=lost)
    await lease.acquire()
    lifecycle.on_stop("lease", lease.release)
    return lease


def _token_verifier(settings: Settings, lifecycle: Lifecycle) -> tuple[TokenVerifier | None, PublishedKeys | None]:
    """What verifies access tokens, and what fetches its keys when ACCESS_KEYS is a URL."""
    url = settings.access_keys_url
    if url is None or not settings.uses_tokens:
        return settings.token_verifier(lambda: False), None

    def on_keys(keys: KeySet) -> None:
        if verifier is not None:
            verifier.keys = keys

    published = PublishedKeys(url, settings.access_issuer, on_keys)
    verifier = settings.token_verifier(published.on_unknown_key)
    published.start()
    lifecycle.on_stop("published keys", published.stop)
    return verifier, published


def _why_not_ready(lease: Lease, lifecycle: Lifecycle, published_keys: PublishedKeys | None) -> str | None:
    """The reason for which `/ready` fails. None: this instance may get clients."""
    if lifecycle.stopping:
        return "draining"
    if published_keys is not None and not published_keys.known:
        return "the keys of access tokens are not known yet"
    return None if lease.is_fresh else "the store accepts no writes"


def _tls_context(settings: Settings, lifecycle: Lifecycle) -> ssl.SSLContext | None:
    """The context for HTTPS, whose certificate is reloaded when its files change. None: HTTP."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    certificate = ReloadedCertificate(settings.tls_cert, settings.tls_key)
    lifecycle.tasks.spawn(certificate.watch(), "certificate", vital=True)
    return certificate.context


def _page(directory: Path | None) -> Path | None:
    if directory is not None and not (directory / "index.html").is_file():
        _log.warning("the page is not built and not served", directory=str(directory))
        return None
    return directory
