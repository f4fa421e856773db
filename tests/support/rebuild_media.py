"""Recreates transports, producers and consumers after `peerMoved`, as an application does."""

from __future__ import annotations

from typing import Any

from .caller import Caller
from .client_socket import Refused
from .pair import KINDS, Pair


async def rebuild_alice(pair: Pair) -> None:
    """Creates Alice's transport and producers again."""
    await pair.alice.end_media()
    pair.producers = {kind: await publish_with_retry(pair.alice, kind) for kind in KINDS}


async def rebuild_bob(pair: Pair, *, before: set[str]) -> None:
    """Creates Bob's transport again, and consumers of Alice's new producers."""
    await pair.bob.end_media()
    for kind, producer_id in pair.producers.items():
        await pair.bob.event("newProducer", within=20, producerId=producer_id)
        pair.consumers[kind] = await pair.bob.consume(producer_id)
    assert not before & set(pair.producers.values())


async def publish_with_retry(caller: Caller, kind: str) -> str:
    """Publishes a track, with retries of retryable errors."""
    while True:
        try:
            return await caller.publish(kind)
        except Refused as refused:
            if not refused.retryable:
                raise


async def wait_moved(caller: Caller, count: int = 1, within: float = 20.0) -> dict[str, Any]:
    """Waits until the caller has received `count` `peerMoved` events, and returns the last."""
    await caller.event("peerMoved", within=within)
    while len(found := caller.events("peerMoved")) < count:
        await caller.wait_for_more()
    return found[-1]
