"""The common setup: Alice sends, Bob receives, both in one room."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .caller import Caller, Consumer

KINDS = ("audio", "video")
MAX_MEDIA_GAP = 3.0
"""Seconds without a packet that a machine busy with other tests may cause. A shorter gap is no interruption."""


@dataclass
class Pair:
    """Alice's producers and Bob's consumers of them, by kind."""

    call_id: str
    alice: Caller
    bob: Caller
    producers: dict[str, str]
    consumers: dict[str, Consumer]

    async def wait_media(self, packets: int = 10, within: float = 20.0) -> None:
        """Waits until Bob receives this many more packets of each track."""
        for consumer in self.consumers.values():
            await consumer.wait_packets(packets, within)

    async def check_media_for(self, seconds: float) -> None:
        """Asserts that media continues for this many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.wait_media()
        assert self.longest_gap < MAX_MEDIA_GAP

    @property
    def longest_gap(self) -> float:
        """The longest time without a packet of a track, in seconds."""
        return max(one.transport.streams[one.ssrc].longest_gap for one in self.consumers.values())


@asynccontextmanager
async def connected_pair(
    alice_url: str, call_id: str, bob_url: str | None = None, *, resumable: bool = False
) -> AsyncIterator[Pair]:
    """Joins both. Media flows from Alice to Bob on entry."""
    async with Caller(alice_url) as alice, Caller(bob_url or alice_url) as bob:
        await alice.join(call_id, userId="alice", resumable=resumable)
        await bob.join(call_id, userId="bob", resumable=resumable)
        producers = {kind: await alice.publish(kind) for kind in KINDS}
        for producer_id in producers.values():
            await bob.event("newProducer", producerId=producer_id)
        consumers = {kind: await bob.consume(producer_id) for kind, producer_id in producers.items()}
        pair = Pair(call_id, alice, bob, producers, consumers)
        await pair.wait_media(5)
        yield pair
