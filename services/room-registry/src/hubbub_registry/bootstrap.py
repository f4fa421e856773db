"""Builds one registry replica."""

from __future__ import annotations

import asyncio
import gc

import structlog

from hubbub_bus import Bus, Lease, connect_service, serve_table_when_possible
from hubbub_contracts import ids, subjects
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops

from .adapters.clock_monitor import ClockMonitor
from .adapters.cluster_metrics import read_cluster
from .adapters.cluster_pinger import ClusterPinger
from .adapters.heartbeat_monitor import HeartbeatMonitor
from .adapters.housekeeping import Housekeeping
from .adapters.lease_watcher import LeaseWatcher
from .adapters.registry_metrics import RegistryMetrics
from .adapters.revocation_store import KvRevocationStore
from .adapters.room_store import KvRoomStore
from .domain import codec_profile
from .domain.clusters import Clusters
from .domain.incarnation import Timeouts
from .domain.limits import Limits
from .domain.nodes import Nodes
from .domain.tenant_quotas import TenantMediaLimits
from .handlers.catalogue import HANDLERS
from .handlers.context import RegistryContext
from .handlers.relocation import Relocator
from .handlers.sweeper import Sweeper
from .settings import Settings

_log = structlog.get_logger(__name__)


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Connects, loads all records and leases, then serves requests. Registers the clean-up with `lifecycle`."""
    codec_profile.rtp_capabilities(codec_profile.CURRENT)  # fills the cache before the first request
    metrics = Metrics("registry")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, "registry")

    clusters = Clusters(lambda: bus.cluster)
    nodes = Nodes(Timeouts(suspect=settings.node_missed_beat, dead=settings.node_silence), clusters)
    nodes_changed = asyncio.Event()
    store = KvRoomStore(bus, settings.bucket_replicas)
    clocks = ClockMonitor()
    leases = LeaseWatcher(bus, nodes, clocks, nodes_changed.set, clusters, settings.bucket_replicas)
    tasks = Tasks(on_fatal=lifecycle.fail)
    pinger = ClusterPinger(bus, clusters, tasks)
    monitor = HeartbeatMonitor(bus, nodes, leases, clocks, tasks, nodes_changed.set, clusters, pinger)
    store.start()
    lifecycle.on_stop("rooms", store.stop)
    leases.start()
    lifecycle.on_stop("leases", leases.stop)
    lifecycle.on_stop("tasks", tasks.close)
    revocations = KvRevocationStore(bus, settings.bucket_replicas)
    revocations.start()
    lifecycle.on_stop("revocations", revocations.stop)
    await leases.complete()
    replica_id = ids.mint()
    lease = Lease(bus, subjects.registry_lease(replica_id), replica_id)
    await lease.acquire()
    lifecycle.on_stop("lease", lease.release)
    pinger.start()
    await monitor.start()
    lifecycle.on_stop("heartbeats", monitor.stop)
    await store.complete()
    await monitor.first_heartbeats()
    gc.freeze()  # a full collection over the records of 100,000 peers would stop the loop for 250 ms

    sweep_interval = min(1.0, settings.empty_room_ttl / 4, settings.reconnect_grace / 4)
    sweeper = Sweeper(store, settings.empty_room_ttl, settings.reconnect_grace)
    tenant_limits = TenantMediaLimits(
        settings.max_transports_per_tenant,
        settings.max_consumers_per_tenant,
        settings.max_incoming_bitrate_per_tenant,
    )
    room_peers_per_node = settings.room_peers_per_node or None
    relocator = Relocator(store, nodes, room_peers_per_node)
    Housekeeping(
        bus, store, nodes, leases, monitor, relocator, sweeper, sweep_interval, nodes_changed, tenant_limits, pinger
    ).start(tasks)
    metrics.on_scrape(lambda: read_cluster(store.rooms, nodes, clocks.largest()))
    limits = Limits(
        rooms=settings.max_rooms,
        peers_per_room=settings.max_peers_per_room,
        audience_per_room=settings.max_audience_per_room,
        producers_per_peer=settings.max_producers_per_peer,
        room_bytes=settings.max_room_bytes,
        waiting_per_room=settings.max_waiting_per_room,
        producers_per_room=settings.max_producers_per_room,
        rooms_per_tenant=settings.max_rooms_per_tenant,
        peers_per_tenant=settings.max_peers_per_tenant,
    )
    endpoints = await serve_table_when_possible(
        bus,
        HANDLERS,
        RegistryContext(
            store,
            nodes,
            limits,
            settings.empty_room_ttl,
            settings.reconnect_grace,
            revocations,
            settings.revocation_ttl,
            RegistryMetrics(metrics),
            room_peers_per_node,
            settings.standby,
        ),
        subjects.registry,
        queue=subjects.REGISTRY_QUEUE,
        concurrency=settings.request_concurrency,
    )
    lifecycle.on_stop("endpoints", endpoints.stop, timeout=endpoints.STOP_TIMEOUT)
    ops.report_readiness(lambda: _why_not_ready(bus, lease, store, leases, lifecycle))
    _log.info("registry is up")


def _why_not_ready(
    bus: Bus, lease: Lease, store: KvRoomStore, leases: LeaseWatcher, lifecycle: Lifecycle
) -> str | None:
    """Returns why this replica should get no requests, or None."""
    if lifecycle.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    if not lease.is_fresh:
        return "the store accepts no writes"
    return None if store.healthy and leases.healthy else "the view of the rooms is not current"
