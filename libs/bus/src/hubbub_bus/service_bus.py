"""The connection of a service to the bus."""

from __future__ import annotations

from hubbub_service import Lifecycle, Metrics, ServiceSettings
from hubbub_service.metrics import BusMetrics

from .bus import Bus
from .cluster_presence import ClusterPresence


async def connect_service(settings: ServiceSettings, lifecycle: Lifecycle, metrics: Metrics, name: str) -> Bus:
    """Connects a service, and shows the connection in its metrics.

    The connection is closed when the service stops, and the service ends when it is closed for good. `name` and the
    errors are those of `Bus.connect`.
    """
    telemetry = BusMetrics(metrics)
    bus = await Bus.connect(settings.nats_url, name=name, telemetry=telemetry, tls=settings.nats_tls)
    telemetry.report_connected(lambda: bus.connected)
    lifecycle.on_stop("bus", bus.close, timeout=bus.CLOSE_TIMEOUT)
    bus.on_closed(lambda: lifecycle.fail("the connection to the bus is closed for good"))
    presence = ClusterPresence(bus)
    lifecycle.on_stop("cluster presence", presence.stop, timeout=presence.STOP_TIMEOUT)
    await presence.start()
    return bus
