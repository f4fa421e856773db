"""Watches a bucket: first the current entries, then every change in store order.

The watch raises an error as soon as a change may be missing; the caller starts again from a new listing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import cast

import nats.errors
from nats.js import api

from .bus import Bus
from .kv import BucketMissing, BucketState, Entry, KeyValue, parse_entry
from .pull import Pulled, Puller, WatchLost


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
    # The listing covers everything stored so far, even a tombstone that expires before it is delivered.
    state = await store.state()
    puller = Puller(
        bus,
        store.bucket.stream,
        deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
        filter_subject=f"$KV.{store.bucket.name}.>",
    )
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(puller)
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketMissing(store.bucket.name) from error
        listing = puller.pending > 0
        if not listing:
            yield ListingComplete(state.last_sequence, state)
        while True:
            pulled = await puller.next()
            yield _entry(store, pulled)
            if listing and pulled.pending == 0:
                listing = False
                yield ListingComplete(max(state.last_sequence, pulled.sequence), state)


async def list_bucket(bus: Bus, store: KeyValue) -> tuple[list[Entry], ListingComplete]:
    """Returns the present entries in the order of their writes, tombstones included, and up to where they are complete.

    Raises WatchLost, BucketMissing and HubbubError.
    """
    entries: list[Entry] = []
    async with contextlib.aclosing(cast("AsyncGenerator[Entry | ListingComplete]", watch(bus, store))) as items:
        async for item in items:
            if isinstance(item, ListingComplete):
                return sorted(entries, key=lambda entry: entry.revision), item
            entries.append(item)
    raise WatchLost("the listing is not complete")


def _entry(store: KeyValue, pulled: Pulled) -> Entry:
    key = pulled.message.subject[len(f"$KV.{store.bucket.name}.") :]
    return parse_entry(key, pulled.message.data, pulled.sequence, pulled.message.headers)
