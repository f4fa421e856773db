"""The end of an incarnation, with fake ports."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement
from hubbub_media_core import commands, events
from hubbub_media_node.adapters.incarnations import Incarnations
from hubbub_media_node.domain.close_request import DTLS_FAILED
from hubbub_media_node.handlers import core_events
from hubbub_media_node.handlers.closing import close_transport
from hubbub_room import PeerChanged
from support.node_fakes import PLACEMENT, ROOM, NodeRig
from support.two_nodes import peer

ELSEWHERE = Placement(node_id="elsewhere", epoch=1)


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
    drain_deadline: int | None = None


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
    async with asyncio.timeout(20):
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
    async with asyncio.timeout(20):
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
    async with asyncio.timeout(20):
        while not failures:
            await asyncio.sleep(0.01)
    assert failures == ["the task incarnations ended"]
    await failing.stop()


def moving_record(placement: Placement, leaving: Placement | None) -> PeerRecord:
    left = None if leaving is None else Leaving(placement=leaving, deadline=0)
    record = peer("alice", placement, (), "video", paused=False)
    return record.model_copy(update={"make_before_break": True, "leaving": left})


async def test_a_node_drains_until_its_peers_have_left(rig: NodeRig) -> None:
    await rig.create_transport()
    status = FakeStatus()
    draining = Incarnations(cast("Any", None), cast("Any", FakeLease()), cast("Any", status), rig.context)
    view = rig.replicas.projections[ROOM]
    view.apply(PeerChanged(1, "alice", moving_record(PLACEMENT, None), ""))
    work = asyncio.create_task(draining.drain(30))
    while not status.draining:
        await asyncio.sleep(0)
    assert status.drain_deadline is not None
    assert abs(status.drain_deadline - time.time() * 1000 - 30_000) < 5_000
    view.apply(PeerChanged(2, "alice", moving_record(ELSEWHERE, PLACEMENT), ""))
    for _ in range(3):
        await asyncio.sleep(0.1)
        assert not work.done()
    view.apply(PeerChanged(3, "alice", moving_record(ELSEWHERE, None), ""))
    async with asyncio.timeout(20):
        await work


async def test_a_node_without_peers_who_can_move_does_not_wait(rig: NodeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub_media_node.adapters.incarnations._DRAIN_INTERVAL", 60)
    await rig.create_transport()
    record = moving_record(PLACEMENT, None).model_copy(update={"make_before_break": False})
    rig.replicas.projections[ROOM].apply(PeerChanged(1, "alice", record, ""))
    async with asyncio.timeout(20):
        await incarnations(rig).drain(30)


async def test_a_node_that_does_not_know_its_rooms_waits_for_a_moment(rig: NodeRig) -> None:
    await rig.create_transport()
    rig.replicas.complete = False
    work = asyncio.create_task(incarnations(rig).drain(30))
    await asyncio.sleep(0.3)
    assert not work.done()
    rig.replicas.complete = True
    async with asyncio.timeout(20):
        await work


async def test_a_drain_that_peers_do_not_leave_ends_at_its_deadline(rig: NodeRig) -> None:
    await rig.create_transport()
    rig.replicas.projections[ROOM].apply(PeerChanged(1, "alice", moving_record(ELSEWHERE, PLACEMENT), ""))
    async with asyncio.timeout(20):
        await incarnations(rig).drain(0.3)
