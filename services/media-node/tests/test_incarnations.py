"""The end of an incarnation, with fake ports."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from hubbub_contracts.bus.records import Placement
from hubbub_media_core import commands, events
from hubbub_media_node.adapters.incarnations import Incarnations
from hubbub_media_node.domain.close_request import DTLS_FAILED
from hubbub_media_node.handlers import core_events
from hubbub_media_node.handlers.closing import close_transport
from support.node_fakes import PLACEMENT, NodeRig


class FakeLease:
    """A lease that is acquired when `available` is set."""

    def __init__(self) -> None:
        self.available = asyncio.Event()
        self.held = False

    async def acquire(self) -> Placement:
        await self.available.wait()
        self.held = True
        return PLACEMENT

    async def release(self) -> None:
        self.held = False

    async def wait_until_fenced(self) -> None:
        await asyncio.Event().wait()


class FakeStatus:
    epoch: int | None = None
    draining = False


@pytest.fixture
def rig() -> NodeRig:
    return NodeRig()


def incarnations(rig: NodeRig, lease: FakeLease | None = None) -> Incarnations:
    return Incarnations(cast("Any", None), cast("Any", lease), cast("Any", FakeStatus()), rig.context)


async def test_a_fence_while_a_transport_is_closing_does_not_block_the_event_loop(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    rig.core.pending = asyncio.Event()
    closing = asyncio.create_task(close_transport(rig.context, transport, DTLS_FAILED))
    await asyncio.sleep(0)
    fenced = asyncio.create_task(incarnations(rig)._close_everything())
    await asyncio.sleep(0.1)
    rig.core.pending.set()
    core_events.handle(rig.context, 0, events.TransportClosed(transport.core_id, "requested"))
    async with asyncio.timeout(5):
        await asyncio.gather(closing, fenced)
    assert rig.context.entities.rooms == {}


async def test_closing_everything_is_repeated_after_a_failure(rig: NodeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = await rig.create_transport()
    attempts = 0
    call = rig.core.call

    async def refuse_once(worker: int, command: commands.Command) -> dict[str, Any]:
        nonlocal attempts
        attempts += 1
        rig.core.errors = {commands.CloseTransport: "busy"} if attempts == 1 else {}
        return await call(worker, command)

    monkeypatch.setattr(rig.core, "call", refuse_once)
    closing = asyncio.create_task(incarnations(rig)._close_everything())
    async with asyncio.timeout(5):
        while attempts < 2:
            await asyncio.sleep(0.01)
        core_events.handle(rig.context, 0, events.TransportClosed(transport.core_id, "requested"))
        await closing


async def test_a_stopping_node_acquires_no_lease(rig: NodeRig) -> None:
    lease, failures = FakeLease(), list[str]()
    starting = incarnations(rig, lease)
    starting.start(failures.append)
    await asyncio.sleep(0)
    await starting.stop()
    lease.available.set()
    await asyncio.sleep(0.05)
    assert not lease.held
    assert failures == []


async def test_the_end_of_the_incarnations_is_reported(rig: NodeRig) -> None:
    lease, failures = FakeLease(), list[str]()

    async def fail() -> Placement:
        raise RuntimeError("a bug")

    lease.acquire = fail  # type: ignore[method-assign]
    failing = incarnations(rig, lease)
    failing.start(failures.append)
    async with asyncio.timeout(5):
        while not failures:
            await asyncio.sleep(0.01)
    assert failures == ["the task incarnations ended"]
    await failing.stop()
