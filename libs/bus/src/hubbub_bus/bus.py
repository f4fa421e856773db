"""The bus: typed requests and events over one NATS connection."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pydantic import TypeAdapter

from hubbub_contracts import Event, Model, Request
from hubbub_contracts.encoded import Encoded

from . import events, request
from .connection import Connection, Listener
from .endpoint import DEFAULT_CONCURRENCY, Endpoint
from .events import GapListener, Handler, Subscription
from .gather import gather
from .request import DEFAULT_TIMEOUT
from .telemetry import BusTelemetry

ReplyT = TypeVar("ReplyT", bound=Model)
RequestT = TypeVar("RequestT", bound=Request)  # type: ignore[type-arg]  # the handler determines the reply
EventT = TypeVar("EventT")


class Bus:
    """Requests, events, and the connection that carries them. One per event loop."""

    CLOSE_TIMEOUT = 5.5
    """Seconds that `close` takes at most: a server that has just stopped answering delays it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        name: str,
        timeout: float | None = None,
        telemetry: BusTelemetry | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Bus:
        """Connects to NATS.

        Arguments:
            url: one or more server URLs, separated by commas, with credentials.
            name: of this connection in the server's monitoring; begins with the service's name, as in `node-n1`.
            timeout: seconds to keep trying; None keeps trying for ever.
            telemetry: receives the connection's events.
            tls: which servers are trusted; those without TLS are not. None trusts what this machine trusts, and needs
                TLS where `url` says `tls://`.

        Raises ServerTooOld, and Unreachable after the timeout, when the credentials are refused, or when the server is
        not trusted.
        """
        return cls(await Connection.open(url, name, timeout, telemetry, tls))

    @property
    def connected(self) -> bool:
        """The client believes that it is connected. A dead link shows here only after seconds: see `healthy_for`."""
        return self.connection.connected

    @property
    def cluster(self) -> str | None:
        """The NATS cluster of the server, as a token of a subject; None if it has none. A leaf node is its own."""
        return self.connection.cluster

    def report_gap(self) -> None:
        """Tells all subscribers that they may have missed messages, as a reconnect does: a link of servers was cut."""
        self.connection.report_gap()

    def healthy_for(self, seconds: float) -> bool:
        """Returns whether every round trip of the last `seconds` succeeded; False for a younger connection."""
        return self.connection.health.healthy_for(seconds, time.monotonic())

    def connected_for(self, seconds: float) -> bool:
        """Returns whether the connection has existed for at least `seconds`."""
        return self.connection.health.connected_for(seconds, time.monotonic())

    def on_reconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after each reconnect. The returned function removes it."""
        return self.connection.on_reconnect(listener)

    def on_disconnect(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is lost. The returned function removes it."""
        return self.connection.on_disconnect(listener)

    def on_closed(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` when the connection is closed for good, other than by `close`.

        It will not reconnect, so the process should exit. The returned function removes the listener.
        """
        return self.connection.on_closed(listener)

    async def request(
        self,
        subject: str,
        message: Request[ReplyT],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        operation: str | None = None,
    ) -> ReplyT:
        """Sends a request and returns the reply. See `request.request`. Raises HubbubError."""
        return await request.request(self.connection, subject, message, timeout=timeout, operation=operation)

    async def gather(
        self, subject: str, message: Request[ReplyT], *, window: float, valid_for: float | None = None
    ) -> list[ReplyT]:
        """Sends a request to all subscribers, and returns the replies of the next `window` seconds. See `gather`."""
        return await gather(self.connection, subject, message, window, valid_for)

    async def serve(
        self,
        subject: str,
        model: type[RequestT],
        handler: Callable[[RequestT], Awaitable[ReplyT | Encoded[ReplyT]]],
        *,
        queue: str | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
    ) -> Endpoint[RequestT, ReplyT]:
        """Answers requests of type `model` on `subject` until the returned endpoint is stopped.

        Arguments:
            handler: returns the reply, or raises HubbubError.
            queue: a NATS queue group, whose members share the requests.
            concurrency: requests handled at once. Requests beyond it get `unavailable`.
        """
        endpoint = Endpoint(self.connection, model, handler, concurrency)
        await endpoint.start(subject, queue)
        return endpoint

    async def publish(self, subject: str, event: Event) -> None:
        """Publishes `event` to the current subscribers. Raises `unavailable`."""
        await events.publish(self.connection, subject, event)

    async def publish_confirmed(self, messages: Sequence[tuple[str, Event]]) -> None:
        """Publishes events, and returns once the server has them. Raises `unavailable`: see `events`."""
        await events.publish_confirmed(self.connection, messages)

    async def subscribe(
        self,
        subject: str,
        event: type[EventT] | TypeAdapter[EventT],
        handler: Handler[EventT],
        *,
        on_gap: GapListener | None = None,
    ) -> Subscription:
        """Calls `handler` with each event, in order, one at a time.

        `on_gap` is called when events may have been missed: after a reconnect, or when the client dropped messages.
        """
        return await events.subscribe(self.connection, subject, event, handler, on_gap)

    async def flush(self, timeout: float = 2.0) -> None:
        """Waits until the server has received everything sent so far, including subscriptions.

        Raises nats-py's errors, a TimeoutError after `timeout` seconds among them.
        """
        await self.connection.client.flush(timeout=timeout)  # type: ignore[arg-type]  # the client accepts a float

    async def close(self) -> None:
        """Lets handlers finish, sends what is queued, and closes the connection."""
        await self.connection.close()
