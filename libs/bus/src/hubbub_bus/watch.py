"""Watches a bucket: first the current entries, then every change in store order.

This replaces the client library's watch, which after a server restart took 12 to 18 seconds to continue or silently
missed changes. This one raises an error as soon as a message or a heartbeat is missing; the caller starts again from a
new listing.

The watch pulls pages of a limited size. A listing that is pushed delays everything else on the
connection: pings time out, and the server closes a connection with 64 MiB of unsent data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js import api

from hubbub_contracts import ErrorCode, HubbubError

from . import headers
from .bus import Bus
from .kv import BucketMissing, BucketState, Entry, KeyValue, parse_entry

HEARTBEAT = 1.0
"""Seconds between two idle heartbeats while nothing changes."""
SILENCE_TIMEOUT = 3.0
"""Seconds without a message or a heartbeat after which the watch fails."""
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
    """The watch failed and may have missed changes: list and watch again."""

    def __init__(self, why: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"the watch is lost: {why}", retryable=True)


@dataclass(frozen=True, slots=True)
class ListingComplete:
    """All current entries have been yielded; changes follow."""

    sequence: int
    """The stream sequence up to which the listing is complete."""
    state: BucketState
    """The bucket's, before the listing began."""


async def watch(bus: Bus, store: KeyValue) -> AsyncIterator[Entry | ListingComplete]:
    """Yields each key's entry (tombstones included), one ListingComplete, then changes for ever.

    Raises WatchLost, BucketMissing and HubbubError.
    """
    client = bus.connection.client
    queue: asyncio.Queue[Msg | None] = asyncio.Queue()

    async def receive(message: Msg) -> None:
        queue.put_nowait(message)

    def interrupt() -> None:
        queue.put_nowait(None)

    bus.connection.require_connected()
    stream, inbox = store.bucket.stream, client.new_inbox()
    # The listing covers everything stored so far, even a tombstone that expires before it is delivered.
    state = await store.state()
    subscription = await client.subscribe(inbox, cb=receive)
    remove_listeners = [
        bus.on_disconnect(interrupt),
        bus.on_reconnect(interrupt),
        bus.connection.on_message_dropped(subscription, interrupt),
    ]
    consumer: str | None = None
    try:
        config = api.ConsumerConfig(
            deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=f"$KV.{store.bucket.name}.>",
            ack_policy=api.AckPolicy.NONE,
            inactive_threshold=UNUSED_CONSUMER_TTL,
            mem_storage=True,
            num_replicas=1,
            max_deliver=1,
        )
        try:
            info = await client.jetstream().add_consumer(stream, config)
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(store.bucket.name) from error
        consumer = info.name
        pages = _Pages(bus, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", inbox, queue)
        async for item in _read(pages, store.bucket.name, info.num_pending or 0, state):
            yield item
    finally:
        for remove in remove_listeners:
            remove()
        await _clean_up(bus, subscription, stream, consumer)


async def _read(pages: _Pages, bucket: str, pending: int, state: BucketState) -> AsyncIterator[Entry | ListingComplete]:
    prefix = len(f"$KV.{bucket}.")
    delivered, listing = 0, True
    if pending == 0:
        listing = False
        yield ListingComplete(state.last_sequence, state)
    while True:
        message = await pages.next_message()
        stream_sequence, consumer_sequence, pending = _position(message.reply)
        if consumer_sequence != delivered + 1:
            raise WatchLost("a message is missing")
        delivered = consumer_sequence
        yield parse_entry(message.subject[prefix:], message.data, stream_sequence, message.headers)
        if listing and pending == 0:
            listing = False
            yield ListingComplete(max(state.last_sequence, stream_sequence), state)


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


async def _clean_up(bus: Bus, subscription: NatsSubscription, stream: str, consumer: str | None) -> None:
    """Removes the subscription and the consumer.

    A lost connection must not keep the subscription: the client would restore it after the reconnect, and a consumer
    whose subject has a subscriber is never removed by the server.
    """
    try:
        await subscription.unsubscribe()
        if consumer is not None and bus.connected:
            await bus.connection.client.jetstream(timeout=1).delete_consumer(stream, consumer)
    except (nats.errors.Error, TimeoutError):
        return
