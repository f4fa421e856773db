"""Answering: a subscription whose requests are handled side by side.

Rules
- Each request is a task of its own: NATS callbacks are serial, and one slow handler would hold up all others.
- The number of tasks is bounded; who comes on top is told `unavailable` and may try again, elsewhere too.
- A request past its deadline is not executed.
- Only a HubbubError is told to the caller; any other exception is logged and answered as `internal`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from pydantic import ValidationError

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model, Request, ids

from . import headers
from .connection import Connection
from .operation import Operation, enter_operation, unix_ms
from .spans import answered, handling_span
from .telemetry import OK

log = logging.getLogger(__name__)

ReplyT = TypeVar("ReplyT", bound=Model)
RequestT = TypeVar("RequestT", bound=Request)  # type: ignore[type-arg]  # its reply is named by the handler

DEFAULT_CONCURRENCY = 256
STOP_TIMEOUT = 5.0


class Endpoint(Generic[RequestT, ReplyT]):
    """Answers requests of one kind on one subject."""

    def __init__(
        self,
        connection: Connection,
        model: type[RequestT],
        handler: Callable[[RequestT], Awaitable[ReplyT]],
        concurrency: int,
    ) -> None:
        self._connection = connection
        self._model = model
        self._handler = handler
        self._concurrency = concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._subscription: NatsSubscription | None = None

    async def start(self, subject: str, queue: str | None) -> None:
        """Begins to listen; instances of the same `queue` share the requests."""
        self._subscription = await self._connection.client.subscribe(subject, queue=queue or "", cb=self._accept)

    async def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Takes no new requests, and lets those that run finish within `timeout` seconds; the rest is cancelled."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                await asyncio.wait_for(subscription.drain(), timeout)  # type: ignore[no-untyped-call]
        if self._running:
            await asyncio.wait(self._running, timeout=timeout)
        for task in self._running:
            task.cancel()

    async def _accept(self, message: Msg) -> None:
        if len(self._running) >= self._concurrency:
            busy = HubbubError(ErrorCode.UNAVAILABLE, "too many requests at once", retryable=True)
            await self._answer(message, busy.reply())
            return
        task = asyncio.create_task(self._handle(message), name=self._model.type_name())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, message: Msg) -> None:
        carried = message.headers or {}
        begun, outcome = time.perf_counter(), ErrorCode.CANCELLED.value
        try:
            with handling_span(self._model.verb, message.subject, carried) as span:
                reply = await self._reply(message.data, carried)
                outcome = reply.error.code if isinstance(reply, ErrorReply) else OK
                answered(span, outcome)
                await self._answer(message, reply)
                log.debug("%s: %s", self._model.verb, outcome)
        finally:
            self._connection.telemetry.request_handled(self._model.verb, outcome, time.perf_counter() - begun)

    async def _reply(self, data: bytes, carried: dict[str, str]) -> Model:
        verb = self._model.verb
        try:
            deadline = _deadline(carried.get(headers.DEADLINE))
            if deadline is not None and unix_ms() >= deadline:
                raise HubbubError(ErrorCode.DEADLINE_EXCEEDED, f"{verb} came too late", retryable=True)
            enter_operation(Operation(carried.get(headers.OPERATION) or ids.mint(), deadline))
            return await self._handler(self._model.model_validate_json(data))
        except ValidationError as error:
            return HubbubError(ErrorCode.INVALID_ARGUMENT, _what_is_wrong(error)).reply()
        except HubbubError as error:
            return error.reply()
        except Exception:  # a handler's bug must not reach the caller as text, nor end the service
            log.exception("%s failed", verb)
            return HubbubError(ErrorCode.INTERNAL, f"{verb} failed").reply()

    async def _answer(self, message: Msg, reply: Model) -> None:
        if not message.reply:
            return
        try:
            payload = reply.model_dump_json(exclude_none=True).encode()
            await self._connection.client.publish(message.reply, payload)
        except nats.errors.MaxPayloadError:
            too_large = HubbubError(ErrorCode.TOO_LARGE, f"the answer to {self._model.verb} is too large for the bus")
            with contextlib.suppress(nats.errors.Error):
                await self._connection.client.publish(message.reply, too_large.reply().model_dump_json().encode())
        except nats.errors.Error as error:
            log.warning("an answer to %s is lost: %s", self._model.verb, error)


def _deadline(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{headers.DEADLINE} is not a number") from error


def _what_is_wrong(error: ValidationError) -> str:
    """Which fields, and why; without the values, which may be anybody's."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
