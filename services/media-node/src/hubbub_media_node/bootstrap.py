"""Builds a media node."""

from __future__ import annotations

import time
from functools import partial

import structlog

from hubbub_bus import Bus, connect_service
from hubbub_contracts import subjects
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_contracts.bus.tenant import TenantQuotas
from hubbub_media_core import MediaCore
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops

from .adapters.announced_addresses import AnnouncedAddresses
from .adapters.dtls import CoreDtlsEndpoints
from .adapters.heartbeat import Heartbeat
from .adapters.incarnations import Incarnations
from .adapters.local_network import free_ports, interface_addresses, listening_address, raise_descriptor_limit
from .adapters.media_event_publisher import BusMediaEventPublisher
from .adapters.node_lease import BusNodeLease
from .adapters.node_metrics import NodeMetrics
from .adapters.node_status import NodeStatus
from .adapters.other_nodes import BusOtherNodes
from .adapters.room_replicas import BusRoomReplicas
from .adapters.speaker_event_publisher import BusSpeakerEventPublisher
from .adapters.worker_metrics import read_worker_metrics
from .domain.candidates import offered_addresses
from .domain.entity_store import EntityStore
from .domain.peer_limits import PeerLimits
from .domain.plain_access import PlainAccess, parse_networks, specific_address
from .domain.tenant_quotas import NodeTenantQuotas
from .domain.worker_occupancy import count_occupancy
from .handlers import core_events
from .handlers.context import NodeContext
from .handlers.reconciliation import reconcile_periodically
from .handlers.tenant_bitrates import measure_periodically
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Starts the node. `lifecycle` stops it in the reverse order, the lease first.

    Raises UnknownHost, NoFreePort, and OSError for an address that cannot be bound.
    """
    announced = AnnouncedAddresses(settings.announced)
    await announced.resolve()
    listening = listening_address(settings.rtc_listen_ip, settings.announced)
    interfaces = interface_addresses()
    core = _open_core(settings, listening)
    lifecycle.on_stop("core", core.close)
    tasks = Tasks()
    lifecycle.on_stop("handlers' tasks", tasks.close)
    metrics = Metrics("media-node")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, f"node-{settings.node_id}")

    lease = BusNodeLease(bus, settings.node_id)
    entities = EntityStore()
    status = NodeStatus(lease.accepts_work, count_occupancy(entities, len(core.addresses)))
    heartbeat = Heartbeat(
        settings.nats_url,
        settings.node_id,
        status,
        core.counters,
        lifecycle.fail,
        settings.nats_tls,
        settings.region,
        settings.max_node_packets,
        settings.max_node_bitrate,
    )
    media_events = BusMediaEventPublisher(bus)
    speaker_events = BusSpeakerEventPublisher(bus)
    replicas = BusRoomReplicas(bus)
    telemetry = NodeMetrics(metrics)

    def candidate_addresses() -> list[str]:
        return offered_addresses(announced.addresses(), listening, interfaces)

    context = NodeContext(
        core=core,
        dtls=CoreDtlsEndpoints(core),
        media_events=media_events,
        speaker_events=speaker_events,
        replicas=replicas,
        loads=heartbeat,
        nodes=BusOtherNodes(bus),
        telemetry=telemetry,
        lease=lease,
        tasks=tasks,
        candidate_addresses=candidate_addresses,
        link_ip=lambda: settings.internal_ip or candidate_addresses()[0],
        stop=lifecycle.stop,
        tcp=settings.rtc_tcp,
        plain=PlainAccess(
            ip=settings.plain_announced_ip or specific_address(settings.plain_listen_ip) or candidate_addresses()[0],
            networks=parse_networks(settings.plain_allowed_nets),
        ),
        limits=PeerLimits(
            transports=settings.max_transports_per_peer,
            producers=settings.max_producers_per_peer,
            consumers=settings.max_consumers_per_peer,
        ),
        quotas=NodeTenantQuotas(entities),
        confirmation_timeout=settings.confirmation_timeout,
        room_peers_per_worker=settings.room_peers_per_worker,
        room_fan_out=settings.room_fan_out,
        entities=entities,
    )
    incarnations = Incarnations(bus, lease, status, context)

    def on_revisions(event: RoomRevisions) -> None:
        replicas.announce(event.revisions)
        incarnations.registry_heard()

    core.subscribe(partial(core_events.handle, context))
    metrics.on_scrape(lambda: read_worker_metrics(core, status, settings.node_id))
    ops.report_readiness(lambda: _why_not_ready(bus, lease, status, lifecycle))
    await bus.subscribe(subjects.REVISIONS, RoomRevisions, on_revisions)
    await bus.subscribe(
        subjects.TENANT_QUOTAS, TenantQuotas, lambda event: context.quotas.announced(event, time.monotonic())
    )

    heartbeat.start()
    lifecycle.on_stop("heartbeat", heartbeat.stop)
    lifecycle.on_stop("room replicas", replicas.stop)
    lifecycle.tasks.spawn(status.update_periodically(entities, context.quotas), "node-status", vital=True)
    if announced.has_names:
        lifecycle.tasks.spawn(announced.refresh_periodically(), "announced-addresses", vital=True)
    lifecycle.tasks.spawn(media_events.run(), "media-events", vital=True)
    lifecycle.tasks.spawn(speaker_events.run(), "speaker-events", vital=True)
    lifecycle.tasks.spawn(reconcile_periodically(context), "reconciliation", vital=True)
    lifecycle.tasks.spawn(measure_periodically(context), "tenant-bitrates", vital=True)
    incarnations.start(lifecycle.fail)
    lifecycle.on_stop("incarnations", incarnations.stop, timeout=incarnations.STOP_TIMEOUT)
    lifecycle.on_drain(partial(incarnations.drain, settings.drain_timeout))
    _log.info(
        "media node started",
        node_id=settings.node_id,
        addresses=list(context.candidate_addresses()),
        ports=[port for _, port in core.addresses],
    )


def _why_not_ready(bus: Bus, lease: BusNodeLease, status: NodeStatus, lifecycle: Lifecycle) -> str | None:
    """Why this node accepts no new work; None when it does."""
    if lifecycle.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    if status.epoch is None or not status.accepts_work():
        return "no lease is held"
    return None if lease.is_fresh else "the store accepts no writes"


def _open_core(settings: Settings, listening: str) -> MediaCore:
    """Starts the workers. Raises NoFreePort, and OSError for an address that cannot be bound."""
    ports = free_ports(listening, settings.rtc_min_port, settings.rtc_max_port, settings.workers, tcp=settings.rtc_tcp)
    if settings.rtc_tcp:
        raise_descriptor_limit()
    return MediaCore(
        [(listening, port) for port in ports],
        max_incoming_bitrate=settings.max_incoming_bitrate,
        min_outgoing_bitrate=settings.min_outgoing_bitrate,
        initial_outgoing_bitrate=settings.initial_outgoing_bitrate,
        max_outgoing_bitrate=settings.max_outgoing_bitrate,
        max_ingress_bitrate=settings.max_ingress_bitrate,
        pin=settings.pin_workers,
        handshake_timeout=settings.handshake_timeout,
        consent_timeout=settings.consent_timeout,
        last_n_audio=settings.last_n_audio,
        tcp=settings.rtc_tcp,
        plain=(settings.plain_listen_ip, settings.plain_min_port, settings.plain_max_port),
    )
