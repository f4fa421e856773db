"""OpenTelemetry tracing. Every log line carries its trace id; spans are exported only when OTEL_* variables ask for it.

The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER (`otlp` or `none`),
OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_*, and so on. The exporter speaks OTLP over
HTTP.
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
"""Seconds. A collector that does not answer must not delay the exit of the process."""


class Tracing:
    """The tracer provider of this process."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Exports the queued spans, for at most `timeout` seconds."""
        shutdown = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        shutdown.start()
        shutdown.join(timeout)


def configure_tracing(service: str) -> Tracing:
    """Installs the tracer provider. `service` is the default of the resource attribute `service.name`."""
    own = Resource({"service.name": service, "service.namespace": "hubbub", "service.instance.id": _instance_id()})
    resource = Resource.create().merge(own).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if export_enabled():
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return Tracing(provider)


def export_enabled() -> bool:
    """Returns whether the environment names the OTLP exporter, or names no exporter but an endpoint."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter == "otlp" if exporter else any(os.environ.get(name) for name in _ENDPOINTS)


def _instance_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
