"""Wires a replica."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from hubbub_bus import Bus
from hubbub_contracts import Model, Request, subjects
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom, LeaveRoom
from hubbub_contracts.bus.producer import AddProducer, RemoveProducers, SetProducerPaused
from hubbub_contracts.bus.room import CreateRoom, GetRoom
from hubbub_contracts.bus.stats import GetStats
from hubbub_registry.adapters.cluster_metrics import read_cluster
from hubbub_registry.adapters.housekeeping import Housekeeping
from hubbub_registry.adapters.lease_board import LeaseBoard
from hubbub_registry.adapters.room_store import KvRoomStore
from hubbub_registry.adapters.watchdog import Watchdog
from hubbub_registry.domain import codec_profile
from hubbub_registry.domain.limits import Limits
from hubbub_registry.domain.liveness import Patience
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.handlers.join import JoinHandler
from hubbub_registry.handlers.peer import PeerHandler
from hubbub_registry.handlers.producer import ProducerHandler
from hubbub_registry.handlers.room import RoomHandler
from hubbub_registry.handlers.stats import StatsHandler
from hubbub_registry.handlers.store import RoomStore
from hubbub_registry.handlers.sweeper import Sweeper
from hubbub_registry.settings import Settings
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops
from hubbub_service.metrics import BusMetrics

log = logging.getLogger(__name__)


async def start(settings: Settings, life: Lifecycle) -> None:
    """Connects, learns what there is, then answers. Everything is undone by `life`."""
    limits = Limits(settings.max_rooms, settings.max_peers_per_room, settings.max_producers_per_peer)
    codec_profile.rtp_capabilities(codec_profile.CURRENT)
    metrics = Metrics("registry")
    ops = await serve_ops(settings, metrics, life)
    bus_metrics = BusMetrics(metrics)
    bus = await Bus.connect(settings.nats_url, name="registry", telemetry=bus_metrics)
    bus_metrics.report_connected(lambda: bus.connected)
    life.on_stop("bus", bus.close)
    bus.on_closed(lambda: life.fail("the connection to the bus is closed for good"))

    changed = asyncio.Event()
    nodes = Nodes(Patience(missed=settings.node_missed_beat, silent=settings.node_silence))
    store = KvRoomStore(bus, settings.bucket_replicas)
    board = LeaseBoard(bus, nodes, changed.set, settings.bucket_replicas)
    tasks = Tasks(on_fatal=life.fail)
    watchdog = Watchdog(bus, nodes, board, tasks, changed.set)
    store.start()
    life.on_stop("rooms", store.stop)
    board.start()
    life.on_stop("leases", board.stop)
    life.on_stop("tasks", tasks.close)
    await board.complete()
    await watchdog.start()
    life.on_stop("beats", watchdog.stop)
    await store.complete()

    sweep_interval = min(1.0, settings.empty_room_ttl / 4, settings.reconnect_grace / 4)
    sweeper = Sweeper(store, settings.empty_room_ttl, settings.reconnect_grace)
    Housekeeping(bus, store, nodes, board, watchdog, sweeper, sweep_interval, changed).start(tasks)
    metrics.on_scrape(lambda: read_cluster(store.rooms, nodes))
    await _serve(bus, store, nodes, limits, settings, life)
    ops.report_readiness(partial(_what_is_missing, bus, store, board, life))
    log.info("the registry answers")


def _what_is_missing(bus: Bus, store: KvRoomStore, board: LeaseBoard, life: Lifecycle) -> str | None:
    """Why this replica is not to be asked; None: it is."""
    if life.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    return None if store.healthy and board.healthy else "the view of the rooms is behind"


async def _serve(bus: Bus, store: RoomStore, nodes: Nodes, limits: Limits, settings: Settings, life: Lifecycle) -> None:
    rooms, joins = RoomHandler(store, limits, settings.empty_room_ttl), JoinHandler(store, nodes, limits)
    peers, producers, stats = PeerHandler(store), ProducerHandler(store, limits), StatsHandler(store, nodes)
    queue, concurrency = subjects.REGISTRY_QUEUE, settings.request_concurrency
    handlers: dict[type[Request[Any]], Callable[[Any], Awaitable[Model]]] = {
        CreateRoom: rooms.create,
        GetRoom: rooms.get,
        JoinRoom: joins.join,
        LeaveRoom: peers.leave,
        ClaimPeer: peers.claim,
        AddProducer: producers.add,
        SetProducerPaused: producers.set_paused,
        RemoveProducers: producers.remove,
        GetStats: stats.get,
    }
    endpoints = [
        await bus.serve(subjects.registry(model.verb), model, handler, queue=queue, concurrency=concurrency)
        for model, handler in handlers.items()
    ]

    async def stop() -> None:
        await asyncio.gather(*(endpoint.stop() for endpoint in endpoints))

    life.on_stop("endpoints", stop)
