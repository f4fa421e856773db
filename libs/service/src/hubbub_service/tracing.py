"""Traces: log lines carry their request's trace id; spans are exported only where OTEL_* variables say where to.

The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER (`otlp` or `none`),
OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_*, and so on. OTLP is spoken over HTTP.
"""

from __future__ import annotations

import os
import socket
import threading

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CLOSE_TIMEOUT = 1.0
"""Seconds: a collector that does not answer must not hold up the end."""


class Tracing:
    """The spans of this process."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Sends what is waiting, unless that takes too long."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(timeout)


def configure_tracing(service: str) -> Tracing:
    """Makes trace ids from now on, for the instance of `service` that this process is."""
    own = Resource({"service.name": service, "service.namespace": "hubbub", "service.instance.id": _instance()})
    resource = Resource.create().merge(own).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exports():
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return Tracing(provider)


def exports() -> bool:
    """Whether the environment says so: by naming the exporter, else by an endpoint."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter == "otlp" if exporter else any(os.environ.get(name) for name in _ENDPOINTS)


def _instance() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
