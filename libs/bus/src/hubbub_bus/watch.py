"""Watches a bucket: first the current entries, then every change in store order.

This replaces the client library's watch, which after a server restart took 12 to 18 seconds to continue or silently
missed changes. This one raises an error as soon as a message or a heartbeat is missing; the caller starts again from a
new listing.

The server delivers with flow control: it sends a limited number of bytes ahead, until the watch asks for more. Without
it, the server would push the whole listing at once, and close the connection at 64 MiB of unsent data.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js import api

from hubbub_contracts import ErrorCode, HubbubError

from . import headers
from .bus import Bus
from .kv import BucketMissing, Entry, KeyValue, parse_entry

HEARTBEAT = 1.0
"""Seconds between two idle heartbeats of the consumer."""
SILENCE_TIMEOUT = 3.0
"""Seconds without a message or a heartbeat after which the watch fails."""
QUEUE_LIMIT = 65_536
UNUSED_CONSUMER_TTL = 10.0
"""Seconds after which the server removes a consumer that nobody listens to."""


class WatchLost(HubbubError):
    """The watch failed and may have missed changes: list and watch again."""

    def __init__(self, why: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"the watch is lost: {why}", retryable=True)


@dataclass(frozen=True, slots=True)
class ListingComplete:
    """All current entries have been yielded; changes follow."""

    sequence: int
    """The stream sequence up to which the listing is complete."""


async def watch(bus: Bus, store: KeyValue) -> AsyncIterator[Entry | ListingComplete]:
    """Yields each key's entry (tombstones included), one ListingComplete, then changes for ever.

    Raises WatchLost, BucketMissing and HubbubError.
    """
    client = bus.connection.client
    queue: asyncio.Queue[Msg | None] = asyncio.Queue(QUEUE_LIMIT)

    async def receive(message: Msg) -> None:
        await queue.put(message)

    def interrupt() -> None:
        if not queue.full():
            queue.put_nowait(None)

    bus.connection.require_connected()
    stream, inbox = store.bucket.stream, client.new_inbox()
    # The listing covers everything stored so far, even a tombstone that expires before it is delivered.
    listed_sequence = await store.last_sequence()
    subscription = await client.subscribe(inbox, cb=receive)
    remove_listeners = [
        bus.on_disconnect(interrupt),
        bus.on_reconnect(interrupt),
        bus.connection.on_message_dropped(subscription, interrupt),
    ]
    consumer: str | None = None
    try:
        config = api.ConsumerConfig(
            deliver_subject=inbox,
            deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=f"$KV.{store.bucket.name}.>",
            ack_policy=api.AckPolicy.NONE,
            flow_control=True,
            idle_heartbeat=HEARTBEAT,
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
        async for item in _read(bus, queue, store.bucket.name, info.num_pending or 0, listed_sequence):
            yield item
    finally:
        for remove in remove_listeners:
            remove()
        await _clean_up(bus, subscription, stream, consumer)


async def _read(
    bus: Bus, queue: asyncio.Queue[Msg | None], bucket: str, pending: int, listed_sequence: int
) -> AsyncIterator[Entry | ListingComplete]:
    prefix = len(f"$KV.{bucket}.")
    delivered, listing = 0, True
    if pending == 0:
        listing = False
        yield ListingComplete(listed_sequence)
    while True:
        message = await _next_message(queue)
        if message is None:
            raise WatchLost("the connection was lost, or messages were dropped")
        message_headers = message.headers or {}
        if headers.STATUS in message_headers:
            if int(message_headers.get(headers.LAST_CONSUMER, delivered)) != delivered:
                raise WatchLost("a message is missing before a heartbeat")
            # A flow control request has its own reply subject. A heartbeat names that of a request which got lost.
            if more := message.reply or message_headers.get(headers.CONSUMER_STALLED):
                await bus.connection.client.publish(more)
            continue
        stream_sequence, consumer_sequence, pending = _position(message.reply)
        if consumer_sequence != delivered + 1:
            raise WatchLost("a message is missing")
        delivered = consumer_sequence
        yield parse_entry(message.subject[prefix:], message.data, stream_sequence, message_headers)
        if listing and pending == 0:
            listing = False
            yield ListingComplete(max(listed_sequence, stream_sequence))


async def _next_message(queue: asyncio.Queue[Msg | None]) -> Msg | None:
    """Raises WatchLost after SILENCE_TIMEOUT."""
    if not queue.empty():
        return queue.get_nowait()
    try:
        # `asyncio.wait_for` of Python 3.11 would lose a cancellation that arrives together with a message.
        async with asyncio.timeout(SILENCE_TIMEOUT):
            return await queue.get()
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


_SHORT_REPLY = 9
"""The tokens of a reply subject without domain and account."""


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
