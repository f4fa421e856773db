"""A replica with clock skew answers like the others, and reports the skew."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path

import pytest

from hubbub_bus import Bus
from hubbub_contracts import ErrorCode, HubbubError, ids, subjects
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.room import CreateRoom
from support.nats_servers import nats_server
from support.registry_rig import FakeNode, FakeSignaling, registry_process

REQUESTS = 40
ANSWER_TIMEOUT = 10.0
"""Seconds, of which a busy machine may take some."""
_SKEWED_REGISTRY = """
import runpy, time
real_ns, real = time.time_ns, time.time
time.time_ns = lambda: real_ns() + int({skew} * 1e9)
time.time = lambda: real() + {skew}
runpy.run_module("hubbub_registry", run_name="__main__")
"""


@pytest.mark.parametrize("skew", [6, -60])
async def test_replica_whose_clock_differs_answers_and_warns(tmp_path: Path, skew: int) -> None:
    with nats_server() as nats:
        right, wrong = (registry_process(nats.url, tmp_path, number) for number in range(2))
        command = [sys.executable, "-c", _SKEWED_REGISTRY.format(skew=skew)]
        wrong.spec = dataclasses.replace(wrong.spec, command=command)
        bus = await Bus.connect(nats.url, name="test", timeout=20)
        try:
            for process in (right, wrong):
                process.start()
            async with FakeNode(nats.url) as node:
                signaling = await FakeSignaling(bus).start()
                await signaling.wait_for_nodes(node)
                for _ in range(REQUESTS):
                    # Without retries: every request reaches one of the two replicas.
                    request = CreateRoom(call_id=ids.mint())
                    created = await bus.request(subjects.registry(request.verb), request, timeout=ANSWER_TIMEOUT)
                    await join_on_any_replica(bus, signaling.join_request(created.room_id))
                async with asyncio.timeout(40):
                    while any(text not in wrong.log_tail(500) for text in ("node.node-", "signaling.signaling-")):
                        await asyncio.sleep(0.1)
                assert wrong.log_tail(500).count("clocks differ") == 2
                assert "clocks differ" not in right.log_tail(500)
                await signaling.stop()
        finally:
            for process in (right, wrong):
                process.kill()
            await bus.close()


async def join_on_any_replica(bus: Bus, join: JoinRoom) -> None:
    """Joins. Repeats only `unavailable`, which a heartbeat that a busy machine delays also causes."""
    async with asyncio.timeout(40):
        while True:
            try:
                await bus.request(subjects.registry(join.verb), join, timeout=ANSWER_TIMEOUT)
                return
            except HubbubError as error:
                if error.code is not ErrorCode.UNAVAILABLE:
                    raise
            await asyncio.sleep(0.1)
