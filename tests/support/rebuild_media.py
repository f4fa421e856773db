"""What an application does when it is told that its media has another home: it makes everything anew."""

from __future__ import annotations

from typing import Any

from .caller import Caller
from .client_socket import Refused
from .pair import KINDS, Pair


async def rebuild_alice(pair: Pair) -> None:
    """New transport, new producers."""
    await pair.alice.end_media()
    pair.producers = {kind: await publish_with_retry(pair.alice, kind) for kind in KINDS}


async def rebuild_bob(pair: Pair, *, before: set[str]) -> None:
    """New transport, and consumers of the producers that are new."""
    await pair.bob.end_media()
    for kind, producer_id in pair.producers.items():
        await pair.bob.event("newProducer", within=20, producerId=producer_id)
        pair.consumers[kind] = await pair.bob.consume(producer_id)
    assert not before & set(pair.producers.values())


async def publish_with_retry(caller: Caller, kind: str) -> str:
    """Publishes, trying again as long as the refusal says that this may help."""
    while True:
        try:
            return await caller.publish(kind)
        except Refused as refused:
            if not refused.retryable:
                raise


async def wait_moved(caller: Caller, count: int = 1, within: float = 20.0) -> dict[str, Any]:
    """Waits until the caller has been told this often that its media has moved."""
    await caller.event("peerMoved", within=within)
    while len(found := caller.events("peerMoved")) < count:
        await caller.wait_for_more()
    return found[-1]
