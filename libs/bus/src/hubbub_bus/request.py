"""Asking: one request, one answer, both typed.

What a caller learns from the error
- `unavailable`: nobody ran it; trying again is safe.
- `deadline_exceeded`: it may have run. Operations are made so that a second time does no harm.
- anything else is the answerer's own word.
"""

from __future__ import annotations

import time
from typing import TypeVar

import nats.errors
from pydantic import ValidationError
from pydantic_core import from_json

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model, Request

from . import headers
from .connection import Connection
from .operation import current_operation, operation_id, outgoing_headers, unix_ms
from .spans import answered, request_span
from .telemetry import OK

ReplyT = TypeVar("ReplyT", bound=Model)

DEFAULT_TIMEOUT = 2.0


class NoResponders(HubbubError):
    """Nobody listens there: the request ran nowhere."""

    def __init__(self, subject: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"nobody answers {subject}", retryable=True)


async def request(
    connection: Connection,
    subject: str,
    message: Request[ReplyT],
    *,
    timeout: float = DEFAULT_TIMEOUT,
    deadline: int | None = None,
    operation: str | None = None,
) -> ReplyT:
    """The answer to `message`, in a span and counted. Raises HubbubError.

    It waits `timeout` seconds, and not beyond `deadline` (Unix milliseconds) nor beyond that of the request that is
    being handled. `operation` is likewise inherited, or new.
    """
    begun, outcome = time.perf_counter(), ErrorCode.CANCELLED.value
    with request_span(message.verb, subject) as span:
        try:
            answer = await _ask(connection, subject, message, timeout, deadline, operation)
            outcome = OK
            return answer
        except HubbubError as error:
            outcome = error.code.value
            raise
        finally:
            answered(span, outcome)
            connection.telemetry.request_finished(message.verb, outcome, time.perf_counter() - begun)


async def _ask(
    connection: Connection,
    subject: str,
    message: Request[ReplyT],
    timeout: float,
    deadline: int | None,
    operation: str | None,
) -> ReplyT:
    now = unix_ms()
    outer = current_operation()
    limits = [now + int(timeout * 1000)]
    limits += [limit for limit in (deadline, None if outer is None else outer.deadline) if limit is not None]
    until = min(limits)
    if until <= now:
        raise HubbubError(ErrorCode.DEADLINE_EXCEEDED, f"no time left to ask {message.verb}", retryable=True)
    connection.require_connected()
    carried = outgoing_headers(operation or operation_id())
    carried[headers.DEADLINE] = str(until)
    payload = message.model_dump_json(exclude_none=True).encode()
    try:
        answer = await connection.client.request(subject, payload, timeout=(until - now) / 1000, headers=carried)
    except nats.errors.NoRespondersError as error:
        raise NoResponders(subject) from error
    except nats.errors.TimeoutError as error:
        raise HubbubError(
            ErrorCode.DEADLINE_EXCEEDED, f"no answer to {message.verb} in time", retryable=True
        ) from error
    except nats.errors.MaxPayloadError as error:
        raise HubbubError(ErrorCode.TOO_LARGE, f"{message.verb} is too large for the bus") from error
    except nats.errors.Error as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"the bus failed: {error}", retryable=True) from error
    return _read(message, answer.data)


def _read(message: Request[ReplyT], data: bytes) -> ReplyT:
    try:
        value = from_json(data)
        if isinstance(value, dict) and "error" in value:
            raise HubbubError.from_body(ErrorReply.model_validate_json(data).error)
        return message.reply_model().model_validate_json(data)
    except ValueError as error:  # pydantic's ValidationError is one
        detail = error.errors(include_input=False) if isinstance(error, ValidationError) else error
        raise HubbubError(ErrorCode.INTERNAL, f"the answer to {message.verb} is malformed: {detail}") from error
