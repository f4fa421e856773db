"""Following a bucket: everything that stands there, then every change, in store order.

A consumer of our own instead of the client library's: after a server restart that one took 12 to 18 seconds to go on,
or silently missed changes. This one ends, with an error, as soon as a message or a heartbeat is missing; its owner
begins again from a new list.
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

from .bus import Bus
from .kv import BucketMissing, Entry, KeyValue, entry_of

HEARTBEAT = 1.0
SILENCE = 3.0
"""Seconds without a message or a heartbeat after which the watch is taken for dead."""
QUEUE_LIMIT = 65_536


class WatchLost(HubbubError):
    """The watch broke: what follows may lack changes. List and watch again."""

    def __init__(self, why: str) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, f"the watch is lost: {why}", retryable=True)


@dataclass(frozen=True, slots=True)
class Listed:
    """Everything that stood there has been yielded; what follows are changes. `sequence` is in it."""

    sequence: int


async def watch(bus: Bus, store: KeyValue) -> AsyncIterator[Entry | Listed]:
    """Yields each key's entry (markers included), one `Listed`, then changes for ever. Raises HubbubError."""
    client = bus.connection.client
    queue: asyncio.Queue[Msg | None] = asyncio.Queue(QUEUE_LIMIT)

    async def receive(message: Msg) -> None:
        await queue.put(message)

    def broken() -> None:
        if not queue.full():
            queue.put_nowait(None)

    bus.connection.require_connected()
    stream, inbox = store.bucket.stream, client.new_inbox()
    # Whatever was stored up to here is in the list, also where its last trace expires before it is delivered.
    covered = await store.last_sequence()
    subscription = await client.subscribe(inbox, cb=receive)
    undo = [bus.on_disconnect(broken), bus.on_reconnect(broken), bus.connection.on_overflow(subscription, broken)]
    consumer: str | None = None
    try:
        config = api.ConsumerConfig(
            deliver_subject=inbox,
            deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=f"$KV.{store.bucket.name}.>",
            ack_policy=api.AckPolicy.NONE,
            idle_heartbeat=HEARTBEAT,
            inactive_threshold=10.0,
            mem_storage=True,
            num_replicas=1,
            max_deliver=1,
        )
        try:
            info = await client.jetstream().add_consumer(stream, config)
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(store.bucket.name) from error
        consumer = info.name
        async for item in _follow(queue, store.bucket.name, info.num_pending or 0, covered):
            yield item
    finally:
        for remove in undo:
            remove()
        if client.is_connected:
            await _discard(bus, subscription, stream, consumer)


async def _follow(
    queue: asyncio.Queue[Msg | None], bucket: str, pending: int, covered: int
) -> AsyncIterator[Entry | Listed]:
    prefix = f"$KV.{bucket}."
    delivered, listed = 0, False
    if pending == 0:
        listed = True
        yield Listed(covered)
    while True:
        try:
            # Not `wait_for`, which in Python 3.11 loses a cancellation that comes with a message.
            async with asyncio.timeout(SILENCE):
                message = await queue.get()
        except TimeoutError as error:
            raise WatchLost("silence") from error
        if message is None:
            raise WatchLost("the connection was lost, or messages were dropped")
        carried = message.headers or {}
        if carried.get("Status") == "100":
            if int(carried.get("Nats-Last-Consumer", delivered)) != delivered:
                raise WatchLost("a message is missing before a heartbeat")
            continue
        place = message.metadata.sequence
        if place.consumer != delivered + 1:
            raise WatchLost("a message is missing")
        delivered = place.consumer
        yield entry_of(message.subject.removeprefix(prefix), message.data, place.stream, message.headers)
        if not listed and (message.metadata.num_pending or 0) == 0:
            listed = True
            yield Listed(max(covered, place.stream))


async def _discard(bus: Bus, subscription: NatsSubscription, stream: str, consumer: str | None) -> None:
    """Tidies up; what cannot be tidied now, the server removes when nobody has listened for a while."""
    try:
        await subscription.unsubscribe()
        if consumer is not None:
            await bus.connection.client.jetstream(timeout=1).delete_consumer(stream, consumer)
    except (nats.errors.Error, TimeoutError):
        return
