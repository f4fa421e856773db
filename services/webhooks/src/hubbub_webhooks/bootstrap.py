"""Builds one instance of the webhooks service."""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import Bus, connect_service, serve_table_when_possible
from hubbub_contracts import HubbubError, subjects
from hubbub_service import Lifecycle, Metrics, Tasks, serve_ops
from hubbub_service.metrics import catalogue

from .adapters.capture_switch import CaptureSwitch
from .adapters.event_queues import StreamEventQueues
from .adapters.http_sender import HttpSender
from .adapters.ownership import Ownership
from .adapters.stored_changes import StoredChanges, change_log
from .adapters.webhook_bucket import KvEndpoints, KvToldStore, webhooks_bucket
from .adapters.webhook_status import WebhookStatus
from .domain.retries import Verdict
from .handlers.catalogue import HANDLERS
from .handlers.context import WebhooksContext
from .handlers.dispatcher import Dispatcher
from .settings import Settings

_log = structlog.get_logger(__name__)

RETRY_INTERVAL = 0.5
CAPTURE_STOP_TIMEOUT = 5.0


async def start(settings: Settings, lifecycle: Lifecycle) -> None:
    """Connects, loads the endpoints, then captures, delivers and serves requests. Stops by `lifecycle`."""
    metrics = Metrics("webhooks")
    ops = await serve_ops(settings, metrics, lifecycle)
    bus = await connect_service(settings, lifecycle, metrics, "webhooks")

    queues = StreamEventQueues(bus, settings.bucket_replicas)
    await _ensure(queues)
    sender = HttpSender(settings.address_policy)
    lifecycle.on_stop("connections", sender.close)

    bucket = webhooks_bucket(bus, settings.bucket_replicas)
    endpoints = KvEndpoints(bus, bucket, settings.configured_endpoint)
    endpoints.start()
    lifecycle.on_stop("endpoints", endpoints.stop)
    await endpoints.complete()

    log = change_log(bus, settings.bucket_replicas)
    capture = CaptureSwitch(bus, log, endpoints)
    lifecycle.on_stop("capture", capture.stop, timeout=CAPTURE_STOP_TIMEOUT)
    tasks = Tasks(on_fatal=lifecycle.fail)
    tasks.spawn(capture.run(), "capture", vital=True)
    await capture.adapted()

    def count(verdict: Verdict) -> None:
        metrics.count(catalogue.WEBHOOK_ATTEMPTS, verdict.value)

    for verdict in Verdict:  # a rate over the first event is not lost
        metrics.count(catalogue.WEBHOOK_ATTEMPTS, verdict.value, by=0)
    dispatcher = Dispatcher(
        endpoints, StoredChanges(bus, log), KvToldStore(bus, bucket), queues, sender, count, capture.active
    )
    ownership = Ownership(bucket)
    status = WebhookStatus(endpoints, queues, log, lambda: ownership.held)
    metrics.on_scrape(status.read)
    tasks.spawn(status.watch(), "status", vital=True)
    lifecycle.on_stop("ownership", ownership.release)

    tasks.spawn(ownership.run(dispatcher.run), "deliver", vital=True)
    lifecycle.on_stop("tasks", tasks.close)
    context = WebhooksContext(endpoints, queues, sender, dispatcher.wake)
    served = await serve_table_when_possible(
        bus,
        HANDLERS,
        context,
        subjects.webhooks,
        queue=subjects.WEBHOOKS_QUEUE,
        concurrency=settings.request_concurrency,
    )
    lifecycle.on_stop("requests", served.stop, timeout=served.STOP_TIMEOUT)
    ops.report_readiness(lambda: _why_not_ready(bus, endpoints, lifecycle))
    _log.info("webhooks is up", endpoints=len(endpoints.current))


async def _ensure(queues: StreamEventQueues) -> None:
    """Creates the streams; retries until JetStream answers."""
    while True:
        try:
            await queues.prepare()
            return
        except HubbubError as error:
            _log.info("the streams are not available yet, retrying", error=error.message)
            await asyncio.sleep(RETRY_INTERVAL)


def _why_not_ready(bus: Bus, endpoints: KvEndpoints, lifecycle: Lifecycle) -> str | None:
    """Returns why this instance should get no requests, or None."""
    if lifecycle.stopping:
        return "draining"
    if not bus.connected:
        return "the bus is not connected"
    return None if endpoints.healthy else "the view of the webhooks is not current"
