"""A client's request before and after its handler: its validation, the error that answers it, and its measurement."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import structlog
from opentelemetry import trace
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.socket.base import ClientRequest

from ..domain.payload import check_payload
from ..domain.ports import SessionTelemetry

ModelT = TypeVar("ModelT", bound=Model)
Acknowledge = Callable[[dict[str, Any]], None]
"""Sends the answer to a request."""
OK = "ok"
"""The outcome of a request that succeeded; that of any other is its error code."""

_log = structlog.get_logger(__name__)


def parse_request(requests: Mapping[str, type[ClientRequest[Any]]], event: str, payload: object) -> ClientRequest[Any]:
    """Validates a request of a namespace with these requests. An absent payload is an empty one. Raises HubbubError."""
    model = requests.get(event)
    if model is None:
        raise HubbubError(ErrorCode.UNKNOWN_EVENT, f"there is no event {event[:64]!r}")
    return validate(model, payload)


def validate(model: type[ModelT], payload: object) -> ModelT:
    """Validates a payload. An absent one is an empty one. Raises `invalid_argument`."""
    check_payload(payload)
    try:
        return model.model_validate({} if payload is None else payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:128] or "payload"
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{where}: {first['msg']}") from error


def as_hubbub_error(error: Exception, event: str) -> HubbubError:
    """The error itself; any other is a bug, which is logged and answered `internal` with the trace's id."""
    if isinstance(error, HubbubError):
        return error
    _log.error("a handler failed", event_name=event, exc_info=error)
    trace_id = trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)
    return HubbubError(ErrorCode.INTERNAL, f"internal error, trace {trace_id}")


def measured(
    acknowledge: Acknowledge, telemetry: SessionTelemetry, requests: Collection[str], event: str
) -> Acknowledge:
    """`acknowledge` that also reports the answer to the telemetry. The time counts from now on.

    `requests`: the events that exist. Clients choose the names of others, which would be labels without a bound.
    """
    received_at, label = time.perf_counter(), event if event in requests else "unknown"

    def answer(message: dict[str, Any]) -> None:
        error = message.get("error")
        outcome = error["code"] if error else OK
        telemetry.request_answered(label, outcome, time.perf_counter() - received_at)
        acknowledge(message)

    return answer
