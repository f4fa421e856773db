"""Calls instances are killed while calls ring: each ring ends once, and its call is in the history."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hubbub_contracts import ids
from hubbub_contracts.bus.call import AcceptCall, GetCall
from support.calls_rig import calls_client, calls_instances

RING_TIMEOUT = 10.0
LATE = 8.0
"""Seconds by which a busy machine may miss a deadline; less than a second ring would take."""
CALLS = 30
pytestmark = pytest.mark.chaos


async def test_other_instance_ends_the_rings_of_a_killed_one(tmp_path: Path) -> None:
    with calls_instances(tmp_path, 2, ring_timeout=RING_TIMEOUT) as instances:
        async with calls_client(instances.nats) as client:
            calls = await asyncio.gather(*(client.start(ids.mint(), ids.mint()) for _ in range(CALLS)))
            instances.processes[0].kill()
            for call in calls:
                last = await client.removed(call)
                assert last.end_reason == "missed"
                assert last.ended_at is not None
                assert last.ended_at - last.created_at < (RING_TIMEOUT + LATE) * 1000, (
                    "the deadline is that of the record"
                )
                assert client.states(call) == ["ringing", "ended", None]


async def test_instance_that_starts_after_the_deadline_ends_the_ring(tmp_path: Path) -> None:
    with calls_instances(tmp_path, 1, ring_timeout=RING_TIMEOUT) as instances:
        async with calls_client(instances.nats) as client:
            late, other = await client.start("ann", "bob"), await client.start("carol", "dave")
            [instance] = instances.processes
            instance.kill()
            deadline = late.call.participants[1].deadline
            assert deadline is not None
            while time.time() * 1000 <= deadline:
                await asyncio.sleep(0.05)
            assert client.states(late) == ["ringing"]
            instances.start(instance)
            assert (await client.removed(late)).end_reason == "missed"
            assert (await client.removed(other)).end_reason == "missed"
            assert (await client.request(GetCall(call_id=late.call.call_id))).call.state == "ended"


async def test_answer_survives_the_death_of_the_instance_that_stored_it(tmp_path: Path) -> None:
    with calls_instances(tmp_path, 2, ring_timeout=RING_TIMEOUT, entry_timeout=600) as instances:
        async with calls_client(instances.nats) as client:
            call = await client.start("ann", "bob")
            await client.request(AcceptCall(call_id=call.call.call_id, user_id="bob", device_id="phone"))
            for process in instances.processes:
                process.kill()
            instances.start(instances.processes[0])
            await client.removed(await client.start("carol", "dave"))
            assert (await client.request(GetCall(call_id=call.call.call_id))).call.state == "active"
            assert client.states(call) == ["ringing", "active"]
