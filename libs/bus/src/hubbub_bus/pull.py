"""Reads a stream from a position on, in pages, with an error as soon as a message or a heartbeat is missing.

This replaces the client library's subscriptions, which after a server restart took 12 to 18 seconds to continue or
silently missed messages. The caller starts again after an error.

Pages have a limited size. Messages that are pushed delay everything else on the connection: pings time out, and the
server closes a connection with 64 MiB of unsent data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js import api

from hubbub_contracts import ErrorCode, HubbubError

from . import headers
from .bus import Bus

HEARTBEAT = 1.0
"""Seconds between two idle heartbeats while nothing arrives."""
SILENCE_TIMEOUT = 3.0
"""Seconds without a message or a heartbeat after which the reading fails."""
PAGE = 1_000
"""Messages of one page."""
NEXT_PAGE_AT = 500
"""Messages of the current page that are missing when the next one is requested: the server prepares it meanwhile."""
PAGE_BYTES = 2 * 1024 * 1024
"""Bytes of one page; at least two of the largest messages that the server accepts."""
PAGE_EXPIRY = 30.0
"""Seconds after which an incomplete page ends."""
UNUSED_CONSUMER_TTL = 10.0
"""Seconds after which the server removes a consumer from which nobody pulls."""
_SECOND: Final = 1_000_000_000
_HEARTBEAT_STATUS = "100"
_PAGE_ENDED = frozenset({"404", "408"})
_PAGE_FULL = frozenset({"Message Size Exceeds MaxBytes", "Batch Completed"})
_SHORT_REPLY = 9
"""The tokens of a message's reply subject when it names no domain and no account."""


class WatchLost(HubbubError):
    """The reading failed and may have missed messages: start again."""

    def __init__(self, why: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"the watch is lost: {why}", retryable=True)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A message of the stream."""

    message: Msg
    sequence: int
    """In the stream."""
    pending: int
    """How many messages followed it when it was delivered."""


class Puller:
    """Reads one stream. A context manager: its consumer exists inside it."""

    def __init__(self, bus: Bus, stream: str, **config: Any) -> None:
        """`config` is of the consumer, as `api.ConsumerConfig` names it: where it starts, and what it filters."""
        self._bus = bus
        self._stream = stream
        self._config = api.ConsumerConfig(
            ack_policy=api.AckPolicy.NONE,
            inactive_threshold=UNUSED_CONSUMER_TTL,
            mem_storage=True,
            num_replicas=1,
            max_deliver=1,
            **config,
        )
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._pages: _Pages | None = None
        self._delivered = 0
        self._undo: list[Callable[[], None]] = []
        self._subscription: NatsSubscription | None = None
        self._consumer: str | None = None
        self.pending = 0
        """How many messages the stream had for the consumer at its start."""

    async def __aenter__(self) -> Self:
        """Creates the consumer. Raises nats-py's errors, a TimeoutError among them, and HubbubError."""
        self._bus.connection.require_connected()
        client = self._bus.connection.client
        inbox = client.new_inbox()
        try:
            self._subscription = await client.subscribe(inbox, cb=self._receive)
            self._undo = [
                self._bus.on_disconnect(self._interrupt),
                self._bus.on_reconnect(self._interrupt),
                self._bus.connection.on_message_dropped(self._subscription, self._interrupt),
            ]
            info = await client.jetstream().add_consumer(self._stream, self._config)
        except BaseException:
            await self._close()
            raise
        self._consumer, self.pending = info.name, info.num_pending or 0
        self._pages = _Pages(self._bus, f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{info.name}", inbox, self._queue)
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Removes the consumer."""
        await self._close()

    async def next(self) -> Pulled:
        """Waits for the next message. Raises WatchLost and HubbubError."""
        assert self._pages is not None, "used outside of its context"
        message = await self._pages.next_message()
        sequence, delivered, pending = _position(message.reply)
        if delivered != self._delivered + 1:
            raise WatchLost("a message is missing")
        self._delivered = delivered
        return Pulled(message, sequence, pending)

    async def _receive(self, message: Msg) -> None:
        self._queue.put_nowait(message)

    def _interrupt(self) -> None:
        self._queue.put_nowait(None)

    async def _close(self) -> None:
        """A lost connection must not keep the subscription: the client would restore it after the reconnect, and a
        consumer whose subject has a subscriber is never removed by the server.
        """
        for undo in self._undo:
            undo()
        try:
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            if self._consumer is not None and self._bus.connected:
                await self._bus.connection.client.jetstream(timeout=1).delete_consumer(self._stream, self._consumer)
        except (nats.errors.Error, TimeoutError):
            return


class _Pages:
    """Pulls pages, at most two at once. Source: NATS ADR-37 (pull consumers)."""

    def __init__(self, bus: Bus, subject: str, inbox: str, queue: asyncio.Queue[Msg | None]) -> None:
        """`subject` is that of the pull requests; the consumer's messages and statuses arrive in `queue`."""
        self._bus = bus
        self._subject = subject
        self._inbox = inbox
        self._queue = queue
        self._remaining = 0
        """Messages that the requested pages may still bring. The server interleaves the pages."""

    async def next_message(self) -> Msg:
        """Returns the next message of the consumer. Raises WatchLost and HubbubError."""
        while True:
            if self._remaining <= NEXT_PAGE_AT:
                await self._request()
            message = await self._next()
            status = None if message.headers is None else message.headers.get(headers.STATUS)
            if status is None:
                self._remaining -= 1
                return message
            description = (message.headers or {}).get(headers.DESCRIPTION, "")
            if status in _PAGE_ENDED or description in _PAGE_FULL:
                self._remaining -= int((message.headers or {}).get(headers.PENDING_MESSAGES, self._remaining))
            elif status != _HEARTBEAT_STATUS:
                raise WatchLost(description or f"status {status}")

    async def _request(self) -> None:
        client = self._bus.connection.client
        self._bus.connection.require_connected()
        page = {
            "batch": PAGE,
            "max_bytes": max(PAGE_BYTES, 2 * client.max_payload),
            "expires": int(PAGE_EXPIRY * _SECOND),
            "idle_heartbeat": int(HEARTBEAT * _SECOND),
        }
        try:
            await client.publish(self._subject, json.dumps(page).encode(), reply=self._inbox)
        except nats.errors.Error as error:
            raise WatchLost(f"no page can be requested: {error}") from error
        self._remaining += PAGE

    async def _next(self) -> Msg:
        message = self._queue.get_nowait() if not self._queue.empty() else await self._wait()
        if message is None:
            raise WatchLost("the connection was lost, or messages were dropped")
        return message

    async def _wait(self) -> Msg | None:
        try:
            # `asyncio.wait_for` of Python 3.11 would lose a cancellation that arrives together with a message.
            async with asyncio.timeout(SILENCE_TIMEOUT):
                return await self._queue.get()
        except TimeoutError as error:
            raise WatchLost("no message and no heartbeat arrived") from error


def _position(reply: str) -> tuple[int, int, int]:
    """Returns the stream sequence, the consumer sequence, and how many messages follow.

    Source: NATS ADR-15, `$JS.ACK[.<domain>.<account hash>].<stream>.<consumer>.<delivered>.<stream sequence>.
    <consumer sequence>.<time>.<pending>[.<random>]`. `Msg.metadata` takes ten times as long.
    """
    tokens = reply.split(".")
    first = 7 if len(tokens) > _SHORT_REPLY else 5
    return int(tokens[first]), int(tokens[first + 1]), int(tokens[first + 3])
