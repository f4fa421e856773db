"""The bus as a service sees it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import TypeAdapter

from hubbub_contracts import Event, Model, Request

from . import events, request
from .connection import Connection, Listener
from .endpoint import DEFAULT_CONCURRENCY, Endpoint
from .events import GapListener, Handler, Subscription
from .request import DEFAULT_TIMEOUT
from .telemetry import BusTelemetry

ReplyT = TypeVar("ReplyT", bound=Model)
RequestT = TypeVar("RequestT", bound=Request)  # type: ignore[type-arg]  # its reply is named by the handler
EventT = TypeVar("EventT")


class Bus:
    """Requests, events and the connection they go over. One per event loop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def connect(
        cls, url: str, *, name: str, timeout: float | None = None, telemetry: BusTelemetry | None = None
    ) -> Bus:
        """Connects to the servers of `url` (comma-separated, credentials inside), trying for ever by default.

        Raises `Unreachable` after `timeout` seconds or when the credentials are refused, and `ServerTooOld`.
        """
        return cls(await Connection.open(url, name, timeout, telemetry))

    @property
    def connected(self) -> bool:
        """The connection stands, as far as is known."""
        return self.connection.connected

    def healthy_for(self, seconds: float) -> bool:
        """Every round trip of the last `seconds` ended well; never true for a connection younger than that."""
        return self.connection.health.healthy_for(seconds, time.monotonic())

    def connected_for(self, seconds: float) -> bool:
        """The connection is at least `seconds` old."""
        return self.connection.health.connected_for(seconds, time.monotonic())

    def on_reconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after each reconnect; the result undoes it."""
        return self.connection.on_reconnect(listener)

    def on_disconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is lost; the result undoes it."""
        return self.connection.on_disconnect(listener)

    def on_closed(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is gone for good: the process cannot go on as it is."""
        return self.connection.on_closed(listener)

    async def request(
        self,
        subject: str,
        message: Request[ReplyT],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        deadline: int | None = None,
        operation: str | None = None,
    ) -> ReplyT:
        """The answer to `message`; see `hubbub_bus.request` for what each error means. Raises HubbubError."""
        return await request.request(
            self.connection, subject, message, timeout=timeout, deadline=deadline, operation=operation
        )

    async def serve(
        self,
        subject: str,
        model: type[RequestT],
        handler: Callable[[RequestT], Awaitable[ReplyT]],
        *,
        queue: str | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
    ) -> Endpoint[RequestT, ReplyT]:
        """Answers requests of `model` on `subject` until the endpoint is stopped."""
        endpoint = Endpoint(self.connection, model, handler, concurrency)
        await endpoint.start(subject, queue)
        return endpoint

    async def publish(self, subject: str, event: Event) -> None:
        """Sends `event` to whoever listens now. Raises `unavailable`."""
        await events.publish(self.connection, subject, event)

    async def subscribe(
        self,
        subject: str,
        event: type[EventT] | TypeAdapter[EventT],
        handler: Handler[EventT],
        *,
        on_gap: GapListener | None = None,
    ) -> Subscription:
        """Has `handler` called with each event in order; `on_gap` says that some may have been missed."""
        return await events.subscribe(self.connection, subject, event, handler, on_gap)

    async def flush(self, timeout: float = 2.0) -> None:
        """Returns once the server has everything that was sent, subscriptions included."""
        await self.connection.client.flush(timeout=timeout)  # type: ignore[arg-type]  # it may be a fraction

    async def close(self) -> None:
        """Lets handlers finish, sends what is waiting, and closes."""
        await self.connection.close()
