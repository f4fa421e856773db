"""Events: published once to the current subscribers, handled in the order of arrival."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from pydantic import TypeAdapter, ValidationError

from hubbub_contracts import ErrorCode, Event, HubbubError
from hubbub_contracts.encoded import encode
from hubbub_service import report_failure

from .bus_failed import bus_failed
from .connection import Connection
from .operation import operation_id, outgoing_headers

_log = structlog.get_logger(__name__)

EventT = TypeVar("EventT")
Handler = Callable[[EventT], Awaitable[None] | None]
CONFIRM_TIMEOUT = 2
"""Seconds in which the server must confirm that it has received events."""
GapListener = Callable[[], None]
"""Called when messages may have been missed."""


class Subscription:
    """One NATS subscription, until `stop`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._nats: NatsSubscription | None = None
        self._remove_listeners: list[Callable[[], None]] = []

    async def start(
        self, subject: str, receive: Callable[[Msg], Awaitable[None]], on_gap: GapListener | None, queue: str = ""
    ) -> None:
        """Subscribes. Raises `unavailable`.

        `on_gap` is called after a reconnect, and when the client dropped messages.
        """
        self._nats = await self._connection.subscribe(subject, receive, queue)
        if on_gap is not None:
            self._remove_listeners = [
                self._connection.on_reconnect(on_gap),
                self._connection.on_message_dropped(self._nats, on_gap),
            ]

    async def stop(self) -> None:
        """Unsubscribes, and drops messages that have arrived but are not handled yet."""
        for remove in self._remove_listeners:
            remove()
        self._remove_listeners.clear()
        subscription, self._nats = self._nats, None
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()


async def publish(connection: Connection, subject: str, event: Event) -> None:
    """Publishes `event`. Raises `unavailable` while disconnected: sent after a reconnect, it would be outdated."""
    connection.require_connected()
    try:
        await connection.client.publish(subject, encode(event), headers=outgoing_headers(operation_id()))
    except nats.errors.Error as error:
        raise bus_failed(error) from error


async def publish_confirmed(connection: Connection, messages: Sequence[tuple[str, Event]]) -> None:
    """Publishes each event to its subject, and returns once the server has received them.

    Raises `unavailable`, and may be repeated: some of them may have been received. A connection that is lost without a
    sign accepts messages for seconds.
    """
    connection.require_connected()
    since = connection.health.connected_since
    for subject, event in messages:
        await publish(connection, subject, event)
    try:
        await connection.client.flush(timeout=CONFIRM_TIMEOUT)
    except (nats.errors.Error, TimeoutError) as error:
        raise bus_failed(error) from error
    if connection.health.connected_since != since:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the connection was lost", retryable=True)


async def subscribe(
    connection: Connection,
    subject: str,
    event: type[EventT] | TypeAdapter[EventT],
    handler: Handler[EventT],
    on_gap: GapListener | None = None,
) -> Subscription:
    """Calls `handler` with each event, one at a time. Skips events that are unknown or malformed, or fail."""
    adapter = event if isinstance(event, TypeAdapter) else TypeAdapter(event)

    async def receive(message: Msg) -> None:
        try:
            value = adapter.validate_json(message.data)
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False)
            if all(problem["type"] == "union_tag_invalid" for problem in problems):
                _log.debug("unknown event of a newer version", subject=message.subject)
            else:
                _log.warning("malformed event", subject=message.subject, problems=str(problems))
            return
        try:
            result = handler(value)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001  a handler's bug must not end the subscription
            report_failure("event handler failed", error, subject=message.subject)

    subscription = Subscription(connection)
    await subscription.start(subject, receive, on_gap)
    return subscription
