"""The spans of a request over the bus, as OpenTelemetry's conventions for messaging have them.

Asking and answering are of the kinds client and server: who asks waits for the answer. Spans are named by the verb,
which is one of few; the subject, which names a node, is an attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace

from .telemetry import OK

_tracer = trace.get_tracer("hubbub.bus")


@contextmanager
def request_span(verb: str, subject: str) -> Iterator[trace.Span]:
    """Asking, until the answer."""
    with _tracer.start_as_current_span(
        f"send {verb}",
        kind=trace.SpanKind.CLIENT,
        attributes=_attributes("send", subject),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


@contextmanager
def handling_span(verb: str, subject: str, carried: Mapping[str, str]) -> Iterator[trace.Span]:
    """Answering; a part of the trace that the request's headers name, if they do."""
    with _tracer.start_as_current_span(
        f"process {verb}",
        propagate.extract(carried),
        kind=trace.SpanKind.SERVER,
        attributes=_attributes("process", subject),
    ) as span:
        yield span


def answered(span: trace.Span, outcome: str) -> None:
    """How it ended: `ok`, or an error's code."""
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
