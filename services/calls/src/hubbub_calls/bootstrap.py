"""Builds one instance of the calls service."""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import Bus, connect_service, serve_table_when_possible
from hubbub_contracts import HubbubError, subjects
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops

from .adapters.bus_directory import BusDirectory
from .adapters.call_history import StreamCallHistory
from .adapters.call_metrics import read_calls
from .adapters.call_store import KvCallStore
from .adapters.deadline_loop import DeadlineLoop
from .adapters.room_follower import RoomFollower
from .domain.timeouts import Timeouts
from .handlers.catalogue import HANDLERS
from .handlers.context import CallsContext
from .settings import Settings

_log = structlog.get_logger(__name__)

RETRY_INTERVAL = 0.5


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Connects, loads the live calls, then serves requests. Registers the clean-up with `lifecycle`."""
    metrics = Metrics("calls")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, "calls")

    history = StreamCallHistory(bus, settings.call_history_retention, settings.bucket_replicas)
    await _ensure(history)
    deadlines = DeadlineLoop()
    store = KvCallStore(bus, deadlines.call_changed, settings.bucket_replicas)
    store.start()
    lifecycle.on_stop("calls", store.stop)
    await store.complete()

    context = CallsContext(
        store=store,
        history=history,
        directory=BusDirectory(bus),
        timeouts=Timeouts.of_seconds(ring=settings.ring_timeout, entry=settings.entry_timeout),
        max_calls=settings.max_calls,
    )
    tasks = Tasks(on_fatal=lifecycle.fail)
    lifecycle.on_stop("tasks", tasks.close)
    deadlines.start(context, tasks)
    follower = RoomFollower(bus, context, tasks)
    await follower.start()
    lifecycle.on_stop("rooms", follower.stop)
    metrics.on_scrape(lambda: read_calls(store.calls))
    endpoints = await serve_table_when_possible(
        bus,
        HANDLERS,
        context,
        subjects.calls,
        queue=subjects.CALLS_QUEUE,
        concurrency=settings.request_concurrency,
    )
    lifecycle.on_stop("endpoints", endpoints.stop, timeout=endpoints.STOP_TIMEOUT)
    ops.report_readiness(lambda: _why_not_ready(bus, store, lifecycle))
    _log.info("calls is up")


async def _ensure(history: StreamCallHistory) -> None:
    """Creates the stream of the history; retries until JetStream answers."""
    while True:
        try:
            await history.ensure()
            return
        except HubbubError as error:
            _log.info("the history is not available yet, retrying", error=error.message)
            await asyncio.sleep(RETRY_INTERVAL)


def _why_not_ready(bus: Bus, store: KvCallStore, lifecycle: Lifecycle) -> str | None:
    """Returns why this instance should get no requests, or None."""
    if lifecycle.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    return None if store.healthy else "the view of the calls is not current"
