"""OpenTelemetry spans of a request over the bus.

They follow the semantic conventions for messaging. The span kinds are client and server, because the caller waits for
the reply. Span names contain the verb only, to keep their number small; the subject, which names a node, is an
attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace

from .telemetry import OK

_tracer = trace.get_tracer("hubbub.bus")


@contextmanager
def request_span(verb: str, subject: str) -> Iterator[trace.Span]:
    """The caller's span, from sending the request to its reply."""
    with _tracer.start_as_current_span(
        f"send {verb}",
        kind=trace.SpanKind.CLIENT,
        attributes=_attributes("send", subject),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


@contextmanager
def handling_span(verb: str, subject: str, message_headers: Mapping[str, str]) -> Iterator[trace.Span]:
    """The handler's span; a child of the span that the headers name, if they name one."""
    with _tracer.start_as_current_span(
        f"process {verb}",
        propagate.extract(message_headers),
        kind=trace.SpanKind.SERVER,
        attributes=_attributes("process", subject),
    ) as span:
        yield span


def record_outcome(span: trace.Span, outcome: str) -> None:
    """Marks the span as failed unless `outcome` is `ok`; any other outcome is an error code."""
    if outcome != OK:
        span.set_attribute("error.type", outcome)
        span.set_status(trace.StatusCode.ERROR)


def _attributes(operation: str, subject: str) -> dict[str, str]:
    return {
        "messaging.system": "nats",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": subject,
    }
