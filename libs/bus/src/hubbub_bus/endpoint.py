"""Serves requests of one type on one subject.

Rules
- Each request runs in its own task: NATS callbacks are serial, so one slow handler would delay all others.
- The number of concurrent requests is limited. Requests beyond it get a retryable `unavailable`.
- A request whose caller has stopped waiting is not executed.
- A reply that is larger than one message is sent in parts to callers that accept them.
- A request that is cancelled when the endpoint stops is not answered: it may have been executed in part.
- A HubbubError of the handler is sent to the caller. Any other exception is logged and answered as `internal`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model, Request, ids
from hubbub_contracts.encoded import Encoded, encode
from hubbub_service import Tasks, report_failure

from . import headers
from .connection import Connection
from .deadline import read_remaining
from .operation import Operation, enter_operation
from .parts import split
from .spans import handling_span, record_outcome
from .telemetry import OK

_log = structlog.get_logger(__name__)

ReplyT = TypeVar("ReplyT", bound=Model)
RequestT = TypeVar("RequestT", bound=Request)  # type: ignore[type-arg]  # the handler determines the reply

DEFAULT_CONCURRENCY = 256
UNSUBSCRIBE_TIMEOUT = 1.0
"""Seconds for the server to confirm the end of a subscription."""
STOP_TIMEOUT = 3.0
"""Seconds that running requests have to end."""
CANCEL_TIMEOUT = 1.0


class Endpoint(Generic[RequestT, ReplyT]):
    """One subscription and its running requests. Made by `Bus.serve`."""

    def __init__(
        self,
        connection: Connection,
        model: type[RequestT],
        handler: Callable[[RequestT], Awaitable[ReplyT | Encoded[ReplyT]]],
        concurrency: int,
    ) -> None:
        self._connection = connection
        self._model = model
        self._handler = handler
        self._concurrency = concurrency
        self._running = Tasks()
        self._stopped = False
        self._subscription: NatsSubscription | None = None

    async def start(self, subject: str, queue: str | None) -> None:
        """Subscribes. Endpoints in the same NATS queue group share the requests. Raises `unavailable`."""
        self._subscription = await self._connection.subscribe(subject, self._accept, queue or "")

    async def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Unsubscribes, waits up to `timeout` seconds for running requests, and cancels the rest."""
        subscription, self._subscription = self._subscription, None
        try:
            if subscription is not None:
                await self._unsubscribe(subscription)
            self._stopped = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._running.drain()
        finally:
            self._stopped = True
            await self._running.close(CANCEL_TIMEOUT)

    async def _unsubscribe(self, subscription: NatsSubscription) -> None:
        """Returns when the requests that have arrived are running, or when the server does not answer."""
        with contextlib.suppress(nats.errors.Error, TimeoutError):
            if self._connection.health.overdue(time.monotonic()):
                await subscription.unsubscribe()
            else:
                async with asyncio.timeout(UNSUBSCRIBE_TIMEOUT):
                    await subscription.drain()  # type: ignore[no-untyped-call]

    async def _accept(self, message: Msg) -> None:
        if self._stopped or len(self._running) >= self._concurrency:
            why = "the service is stopping" if self._stopped else "too many concurrent requests"
            await self._send_reply(message, HubbubError(ErrorCode.UNAVAILABLE, why, retryable=True).reply())
            return
        received_at = time.monotonic()
        # This process was stopped, or its link was: the message may be as old as the last round trip.
        sent_at = received_at - self._connection.health.overdue(received_at)
        self._running.spawn(self._handle(message, sent_at), self._model.type_name())

    async def _handle(self, message: Msg, sent_at: float) -> None:
        message_headers = message.headers or {}
        started, outcome = time.perf_counter(), ErrorCode.CANCELLED.value
        try:
            with handling_span(self._model.verb, message.subject, message_headers) as span:
                reply = await self._execute(message.data, message_headers, sent_at)
                outcome = reply.error.code if isinstance(reply, ErrorReply) else OK
                record_outcome(span, outcome)
                await self._send_reply(message, reply)
                _log.debug("request handled", verb=self._model.verb, outcome=outcome)
        finally:
            self._connection.telemetry.request_handled(self._model.verb, outcome, time.perf_counter() - started)

    async def _execute(
        self, data: bytes, message_headers: Mapping[str, str], sent_at: float
    ) -> Model | Encoded[ReplyT]:
        verb = self._model.verb
        operation = Operation(message_headers.get(headers.OPERATION) or ids.mint())
        try:
            remaining = read_remaining(message_headers)
            operation.deadline = None if remaining is None else sent_at + remaining
            if operation.expired:
                raise HubbubError(
                    ErrorCode.DEADLINE_EXCEEDED, f"{verb}: the request arrived after its deadline", retryable=True
                )
            enter_operation(operation)
            return await self._handler(self._model.model_validate_json(data))
        except ValidationError as error:
            return HubbubError(ErrorCode.INVALID_ARGUMENT, _describe(error)).reply()
        except HubbubError as error:
            return error.reply()
        except Exception as error:  # noqa: BLE001  a bug must neither reveal its text to the caller nor end the service
            report_failure("request handler failed", error, verb=verb)
            return HubbubError(ErrorCode.INTERNAL, f"{verb} failed").reply()
        finally:
            operation.ended = True

    async def _send_reply(self, message: Msg, reply: Model | Encoded[ReplyT]) -> None:
        if not message.reply:
            return
        try:
            payload = encode(reply)
        except ValueError as error:
            report_failure("reply cannot be encoded", error, verb=self._model.verb)
            payload = HubbubError(ErrorCode.INTERNAL, f"{self._model.verb} failed").reply().model_dump_json().encode()
        try:
            for part, part_headers in split(payload, _max_parts(message.headers or {})):
                await self._connection.client.publish(message.reply, part, headers=part_headers or None)
        except nats.errors.MaxPayloadError:
            too_large = HubbubError(ErrorCode.TOO_LARGE, f"{self._model.verb}: the reply is too large for the bus")
            with contextlib.suppress(nats.errors.Error):
                await self._connection.client.publish(message.reply, too_large.reply().model_dump_json().encode())
        except nats.errors.Error as error:
            _log.warning("reply was not sent", verb=self._model.verb, error=str(error))


def _max_parts(message_headers: Mapping[str, str]) -> int:
    """The number of messages that the caller accepts as the reply."""
    text = message_headers.get(headers.MAX_PARTS, "")
    return int(text) if text.isdecimal() else 1


def _describe(error: ValidationError) -> str:
    """Returns the first five invalid fields and why they are invalid. Leaves out the values: they may be private."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
