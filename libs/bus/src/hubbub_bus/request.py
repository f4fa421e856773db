"""Sends a typed request and returns its typed reply.

Errors
- `unavailable`: no handler ran. A retry is safe.
- `deadline_exceeded`: a handler may have run. Handlers are idempotent, so a retry does no harm.
- any other code comes from the handler.
"""

from __future__ import annotations

import time
from typing import TypeVar

import nats.errors
from pydantic import ValidationError
from pydantic_core import from_json

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model, Request
from hubbub_contracts.encoded import encode

from .bus_failed import bus_failed
from .connection import Connection
from .deadline import timeout_header
from .operation import current_operation, operation_id, outgoing_headers
from .parts import request_in_parts
from .spans import record_outcome, request_span
from .telemetry import OK

ReplyT = TypeVar("ReplyT", bound=Model)

DEFAULT_TIMEOUT = 2.0
"""Seconds."""


class NoResponders(HubbubError):
    """No subscriber exists on the subject, so the request was not executed."""

    def __init__(self, subject: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"no service answers on {subject}", retryable=True)


async def request(
    connection: Connection,
    subject: str,
    message: Request[ReplyT],
    *,
    timeout: float = DEFAULT_TIMEOUT,
    operation: str | None = None,
) -> ReplyT:
    """Sends `message` to `subject` and returns the reply. Records a span and the connection's telemetry.

    Arguments:
        timeout: seconds to wait for the reply, or less when the deadline of the request that this task handles is
            earlier.
        operation: the operation's id. Default: the current operation's, else a new one.

    Raises NoResponders when no subscriber exists, and HubbubError.
    """
    started, outcome = time.perf_counter(), ErrorCode.CANCELLED.value
    with request_span(message.verb, subject) as span:
        try:
            reply = await _send(connection, subject, message, timeout, operation)
            outcome = OK
            return reply
        except HubbubError as error:
            outcome = error.code.value
            raise
        finally:
            record_outcome(span, outcome)
            connection.telemetry.request_finished(message.verb, outcome, time.perf_counter() - started)


async def _send(
    connection: Connection,
    subject: str,
    message: Request[ReplyT],
    timeout: float,
    operation: str | None,
) -> ReplyT:
    outer = current_operation()
    if outer is not None and outer.deadline is not None:
        timeout = min(timeout, outer.deadline - time.monotonic())
    if timeout <= 0:
        raise HubbubError(ErrorCode.DEADLINE_EXCEEDED, f"{message.verb}: the deadline has passed", retryable=True)
    connection.require_connected()
    request_headers = outgoing_headers(operation or operation_id()) | timeout_header(timeout)
    payload = encode(message)
    client = connection.client
    try:
        if message.chunked:
            data = await request_in_parts(client, subject, payload, timeout, request_headers)
        else:
            data = (await client.request(subject, payload, timeout=timeout, headers=request_headers)).data
    except nats.errors.NoRespondersError as error:
        raise NoResponders(subject) from error
    except TimeoutError as error:
        raise HubbubError(
            ErrorCode.DEADLINE_EXCEEDED, f"{message.verb}: no reply before the deadline", retryable=True
        ) from error
    except nats.errors.MaxPayloadError as error:
        raise HubbubError(ErrorCode.TOO_LARGE, f"{message.verb}: the request is too large for the bus") from error
    except nats.errors.Error as error:
        raise bus_failed(error) from error
    except ValueError as error:
        raise HubbubError(ErrorCode.INTERNAL, f"{message.verb}: malformed reply: {error}") from error
    return _parse_reply(message, data)


def _parse_reply(message: Request[ReplyT], data: bytes) -> ReplyT:
    try:
        value = from_json(data)
        if isinstance(value, dict) and "error" in value:
            raise HubbubError.from_body(ErrorReply.model_validate_json(data).error)
        return message.reply_model().model_validate_json(data)
    except ValueError as error:  # includes pydantic's ValidationError
        detail = error.errors(include_input=False) if isinstance(error, ValidationError) else error
        raise HubbubError(ErrorCode.INTERNAL, f"{message.verb}: malformed reply: {detail}") from error
