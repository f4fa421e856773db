"""The bucket of revoked access tokens on a real NATS server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub_bus import Bus
from hubbub_contracts.bus.revocation import RevocationRecord, Revoke
from hubbub_signaling.adapters.revocation_view import RevocationView
from support.python_sdk import until
from support.registry_rig import FakeSignaling, replicas

AT_ONCE = 15.0
"""Seconds, of which a busy machine may take some."""


@pytest.fixture
async def signaling(tmp_path: Path) -> AsyncIterator[FakeSignaling]:
    """Two replicas."""
    with replicas(tmp_path) as running:
        bus = await Bus.connect(running.nats.url, name="test", timeout=20)
        yield await FakeSignaling(bus).start()
        await bus.close()


async def follow(bus: Bus) -> tuple[RevocationView, list[RevocationRecord]]:
    """What signaling sees."""
    seen: list[RevocationRecord] = []
    view = RevocationView(bus, seen.append)
    await view.start()
    return view, seen


async def test_a_revocation_is_seen_at_once_and_by_those_who_start_later(
    signaling: FakeSignaling,
) -> None:
    view, seen = await follow(signaling.bus)
    sent, far = time.monotonic(), round(time.time() * 1000) + 600_000
    answer = await signaling.request(Revoke(user_id="ann", call_id="tea", expires_at=far))
    await until(lambda: len(seen) == 1)
    assert time.monotonic() - sent < AT_ONCE
    await signaling.request(Revoke(user_id="ann", call_id="tea", not_before=1, expires_at=far))
    await signaling.request(Revoke(token_id="t", expires_at=far))
    await until(lambda: len(seen) == 2)
    assert [(one.user_id, one.call_id, one.token_id) for one in seen] == [("ann", "tea", None), (None, None, "t")]
    assert seen[0].not_before == answer.not_before
    later, old = await follow(signaling.bus)
    assert old == seen
    await view.stop()
    await later.stop()


async def test_the_registry_writes_again_what_a_lost_store_has_lost(signaling: FakeSignaling) -> None:
    view, seen = await follow(signaling.bus)
    for name in ("ann", "bob", "carol"):
        await signaling.request(Revoke(user_id=name))
    await until(lambda: len(seen) == 3)
    await view.stop()
    jetstream = signaling.bus.connection.client.jetstream()
    before = (await jetstream.stream_info("KV_revocations")).created
    await jetstream.delete_stream("KV_revocations")
    async with asyncio.timeout(30):
        while True:
            view, seen = await asyncio.wait_for(follow(signaling.bus), 30)
            await view.stop()
            if {one.user_id for one in seen} == {"ann", "bob", "carol"}:
                break
            await asyncio.sleep(0.2)
    assert (await jetstream.stream_info("KV_revocations")).created != before
