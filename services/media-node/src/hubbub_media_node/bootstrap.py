"""Wires a media node: core, DTLS, bus, lease, feeds, beats."""

from __future__ import annotations

import logging
from functools import partial

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_media_core import MediaCore
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops
from hubbub_service.metrics import BusMetrics

from .adapters.announced import AnnouncedAddresses
from .adapters.beats import Beats, NodeState, keep_census, take_census
from .adapters.client_metrics import ClientMetrics
from .adapters.dtls import CoreDtlsEndpoints
from .adapters.notices import BusNotices
from .adapters.room_feeds import BusRoomFeeds
from .adapters.sockets import allow_many_descriptors, free_ports, interface_addresses, listening_address
from .adapters.tenure import Tenure
from .adapters.worker_metrics import read_worker_metrics
from .domain.candidates import offered_addresses
from .domain.limits import Limits
from .domain.tables import Closing
from .handlers import events
from .handlers.node import Node
from .handlers.transport import close_transport
from .settings import Settings

log = logging.getLogger(__name__)


async def start(settings: Settings, life: Lifecycle) -> None:
    """Starts everything; what is undone at the end is registered with `life` as it comes, the lease last."""
    announced = AnnouncedAddresses(settings.announced)
    await announced.resolve()
    listening = listening_address(settings.rtc_listen_ip, settings.announced)
    core = _open_core(settings, listening)
    life.on_stop("core", core.close)
    metrics = Metrics("media-node")
    ops = await serve_ops(settings, metrics, life)
    bus_metrics = BusMetrics(metrics)
    bus = await Bus.connect(settings.nats_url, name=f"node-{settings.node_id}", telemetry=bus_metrics)
    bus_metrics.report_connected(lambda: bus.connected)
    life.on_stop("bus", bus.close)
    bus.on_closed(lambda: life.fail("the bus is closed for good"))

    tenure = Tenure(bus, settings.node_id)
    state = NodeState(is_leased=tenure.takes_work)
    beats = Beats(settings.nats_url, settings.node_id, state, core.counters, len(core.addresses))
    notices, feeds = BusNotices(bus), BusRoomFeeds(bus, settings.confirmation_timeout)
    watcher = ClientMetrics(metrics)
    dtls = CoreDtlsEndpoints(
        core, lambda transport: _dtls_failed(node, transport, life.tasks), watcher.transport_connected
    )
    node = Node(
        core=core,
        dtls=dtls,
        notices=notices,
        feeds=feeds,
        load=beats,
        watcher=watcher,
        addresses=offered_addresses(announced.addresses(), listening, interface_addresses()),
        tcp=settings.rtc_tcp,
        takes_work=tenure.takes_work,
        limits=Limits(
            transports=settings.max_transports_per_peer,
            producers=settings.max_producers_per_peer,
            consumers=settings.max_consumers_per_peer,
        ),
    )
    feeds.node = node
    core.on_event = partial(events.handle, node)
    state.census = take_census(node.tables, len(core.addresses))

    metrics.on_scrape(lambda: read_worker_metrics(core, state))
    ops.report_readiness(lambda: _what_is_missing(bus, state, life))

    await bus.subscribe(subjects.REVISIONS, RoomRevisions, lambda told: feeds.heard_revisions(told.revisions))
    beats.start()
    life.on_stop("beats", beats.stop)
    life.on_stop("room feeds", feeds.stop)
    life.tasks.spawn(keep_census(state, node.tables, len(core.addresses)), "census", vital=True)
    if announced.has_names:
        life.tasks.spawn(announced.keep(partial(setattr, node, "addresses")), "announced addresses", vital=True)
    life.tasks.spawn(notices.run(), "notices", vital=True)
    life.tasks.spawn(feeds.run(), "confirmation", vital=True)
    life.tasks.spawn(tenure.run(node, feeds, state), "tenure", vital=True)
    life.on_stop("tenure", lambda: tenure.stop(state))
    log.info(
        "media node %s is up: %s, ports %s",
        settings.node_id,
        ", ".join(node.addresses),
        ", ".join(str(port) for _, port in core.addresses),
    )


def _what_is_missing(bus: Bus, state: NodeState, life: Lifecycle) -> str | None:
    """Why this node takes no new work; None: it does."""
    if life.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    return None if state.epoch is not None and state.is_leased() else "no lease is held"


def _open_core(settings: Settings, listening: str) -> MediaCore:
    """Starts the workers. Raises NoPort, or OSError naming an address, where that cannot be."""
    ports = free_ports(listening, settings.rtc_min_port, settings.rtc_max_port, settings.workers, tcp=settings.rtc_tcp)
    if settings.rtc_tcp:
        allow_many_descriptors()
    return MediaCore(
        [(listening, port) for port in ports],
        max_incoming_bitrate=settings.max_incoming_bitrate,
        pin=settings.pin_workers,
        handshake_timeout=settings.handshake_timeout,
        consent_timeout=settings.consent_timeout,
        tcp=settings.rtc_tcp,
    )


def _dtls_failed(node: Node, core_id: int, tasks: Tasks) -> None:
    """Closes the transport of a peer that is not who it said (docs/closures.md, row 5)."""
    transport = node.tables.transport_of_core(core_id)
    if transport is not None:
        tasks.spawn(close_transport(node, transport, Closing(told="dtls_failed")), "dtls-failed")
