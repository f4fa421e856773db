"""Events: published once to whoever listens, handled in the order in which they come."""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from pydantic import TypeAdapter, ValidationError

from hubbub_contracts import ErrorCode, Event, HubbubError

from .connection import Connection
from .operation import operation_id, outgoing_headers

log = logging.getLogger(__name__)

EventT = TypeVar("EventT")
Handler = Callable[[EventT], Awaitable[None] | None]
GapListener = Callable[[], None]


class Subscription:
    """Listens until it is told to stop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._nats: NatsSubscription | None = None
        self._undo: list[Callable[[], None]] = []

    async def start(
        self, subject: str, receive: Callable[[Msg], Awaitable[None]], on_gap: GapListener | None, queue: str = ""
    ) -> None:
        """Begins to listen. `on_gap` is called when messages may have been missed: a reconnect, or an overflow."""
        self._nats = await self._connection.client.subscribe(subject, queue=queue, cb=receive)
        if on_gap is not None:
            self._undo = [self._connection.on_reconnect(on_gap), self._connection.on_overflow(self._nats, on_gap)]

    async def stop(self) -> None:
        """Listens no more; what has come and was not handled is dropped."""
        for undo in self._undo:
            undo()
        self._undo.clear()
        subscription, self._nats = self._nats, None
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()


async def publish(connection: Connection, subject: str, event: Event) -> None:
    """Sends `event`. Raises `unavailable` while the bus is not connected: an event that comes late misleads."""
    connection.require_connected()
    try:
        await connection.client.publish(
            subject, event.model_dump_json(exclude_none=True).encode(), headers=outgoing_headers(operation_id())
        )
    except nats.errors.Error as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"the bus failed: {error}", retryable=True) from error


async def subscribe(
    connection: Connection,
    subject: str,
    event: type[EventT] | TypeAdapter[EventT],
    handler: Handler[EventT],
    on_gap: GapListener | None = None,
) -> Subscription:
    """Has `handler` called with each event, one after the other. A malformed one is logged and passed over."""
    adapter = event if isinstance(event, TypeAdapter) else TypeAdapter(event)

    async def receive(message: Msg) -> None:
        try:
            value = adapter.validate_json(message.data)
        except ValidationError as error:
            log.warning(
                "malformed event on %s: %s", message.subject, error.errors(include_input=False, include_url=False)
            )
            return
        try:
            result = handler(value)
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("the handler of %s failed", message.subject)

    subscription = Subscription(connection)
    await subscription.start(subject, receive, on_gap)
    return subscription
