"""A client's request before and after its handler: its validation, and the error that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import structlog
from opentelemetry import trace
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.socket.base import ClientRequest

from ..domain.payload import check_payload

ModelT = TypeVar("ModelT", bound=Model)

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
