"""What a join costs the signaling instance that tells everybody of it, or counts it.

    python tests/load/bench_presence.py [PRESENT]

PRESENT clients (200) without media are in a room of one instance.
- Others join as participants, and everybody present gets `peerJoined`.
- Others join the audience of a room with PRESENT in its audience, while no number is told.
- Everybody present is told the number (`audienceChanged`).
- Others join the audience, and leave it, at another instance: what the first one pays, and the media node.
Before that, without sockets: what one record of an audience takes in the store and in the memory of an instance that
follows its room, and what a change of one costs the instance by the number of its sessions.
"""

from __future__ import annotations

import asyncio
import sys
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_contracts.socket.base import Push
from hubbub_registry.settings import MAX_ROOM_BYTES
from hubbub_room import PeerChanged
from hubbub_signaling.domain.audience_news import LONGEST_PERIOD, PERIODS, period
from hubbub_signaling.domain.room_view import RoomView, ViewChange
from hubbub_signaling.handlers.room_hub import RoomHub
from support.client_socket import ClientSocket
from support.footprint import cpu_seconds
from support.installation import ONE_ADDRESS, Installation
from support.signaling_fakes import FakeBackend

PRESENT = 200
JOINS = 20
TOLD = 10
"""How often the number changes in the measurement of `audienceChanged`."""
FOLLOWED = 300
"""Joins at another instance."""
RECORDS = 10_000
ENVIRONMENT = {**ONE_ADDRESS, "MAX_CONNECTIONS_PER_ADDRESS": "10000", "MAX_PEERS_PER_ROOM": "2000"}


async def join(stack: AsyncExitStack, url: str, number: int, room: str = "room", **more: Any) -> ClientSocket:
    """A client in the room."""
    socket = await stack.enter_async_context(ClientSocket(url))
    await socket.call("createRoom", callId=room)
    await socket.call("joinRoom", callId=room, userId=f"user {number}", rtpCapabilities={}, **more)
    return socket


async def cost(url: str, pid: int, present: int) -> float:
    """Seconds of the instance's CPU for each join of a participant."""
    async with AsyncExitStack() as stack:
        listening = [await join(stack, url, number) for number in range(present)]
        before = cpu_seconds(pid)
        for number in range(JOINS):
            await join(stack, url, present + number)
        for socket in listening:
            await socket.event("peerJoined", userId=f"user {present + JOINS - 1}")
        return (cpu_seconds(pid) - before) / JOINS


def told(socket: ClientSocket) -> list[int]:
    """The numbers that the client was told."""
    return [one["count"] for one in socket.events("audienceChanged")]


async def wait_told(sockets: list[ClientSocket], count: int) -> None:
    """Waits until the last number that each client was told is this one."""
    for socket in sockets:
        while told(socket)[-1:] != [count]:
            await socket.wait_for_more()


async def cost_in_audience(url: str, pid: int, present: int) -> float:
    """Seconds of the instance's CPU for each join of the audience, between two `audienceChanged`."""
    room = f"audience of {present}" if present > PERIODS[-1][0] else "small audience"
    async with AsyncExitStack() as stack:
        ann = await join(stack, url, 0, room)
        for number in range(present - 1):
            await join(stack, url, number, room, audience=True)
        await wait_told([ann], present - 1)
        await asyncio.sleep(period(present) + 0.5)
        await join(stack, url, present, room, audience=True)
        await wait_told([ann], present)  # the next number is told one period later
        before, numbers = cpu_seconds(pid), len(told(ann))
        async with AsyncExitStack() as later:
            for number in range(JOINS):
                await join(later, url, present + number, room, audience=True)
            spent = cpu_seconds(pid) - before
            if len(told(ann)) > numbers and present > PERIODS[-1][0]:
                print(f"(the joins took longer than {LONGEST_PERIOD:.0f} s: the number was told meanwhile)")
        return spent / JOINS


async def cost_of_the_number(url: str, pid: int, present: int) -> float:
    """Seconds of the instance's CPU for each change of the audience by one client, its join or its end included."""
    room = f"number for {present}"
    async with AsyncExitStack() as stack:
        listening = [await join(stack, url, number, room) for number in range(present)]
        before = cpu_seconds(pid)
        for _ in range(TOLD):
            async with AsyncExitStack() as watching:
                await join(watching, url, present, room, audience=True)
                await wait_told(listening, 1)
            await wait_told(listening, 0)
        return (cpu_seconds(pid) - before) / TOLD / 2


async def cost_of_following(urls: list[str], pids: list[int]) -> list[float]:
    """Seconds of the CPU of each process for each join of the audience at another instance, and its end."""
    async with AsyncExitStack() as stack:
        await join(stack, urls[0], 0, "followed")
        for number in range(PERIODS[-1][0] + 1):
            await join(stack, urls[1], number, "followed", audience=True)
        await asyncio.sleep(LONGEST_PERIOD)
        before = [cpu_seconds(pid) for pid in pids]
        for _ in range(FOLLOWED // 10):
            async with AsyncExitStack() as watching:
                await asyncio.gather(*(join(watching, urls[1], n, "followed", audience=True) for n in range(10)))
        return [(cpu_seconds(pid) - start) / FOLLOWED for pid, start in zip(pids, before, strict=True)]


def watcher(number: int) -> PeerRecord:
    """The record of one in the audience, with ids and a name of usual lengths."""
    return PeerRecord(
        room_id="d2ViaW5hci1vZi10aGUtY29tcGFueQ",
        peer_id=f"peer-of-22-letters{number:>04}",
        user_id=f"user-{number:>08}",
        display_name=f"Somebody {number}",
        app_data={},
        role="audience",
        admit_as="audience",
        joined_at=1_795_990_000_000,
        signaling_id="vbo0FuQa-acfxAR5q1PS1Q",
        signaling_epoch=1_795_990_154_724_710,
        claim_id=f"claim-of-22-letter{number:>04}",
        resume_digest="0" * 64,
        placement=Placement(node_id="node-1", epoch=1_795_990_154_724_710),
        operation_id=f"operation-of-22-le{number:>04}",
        room_role="listener",
        make_before_break=True,
    )


def measure_records() -> None:
    """Prints the size of a record in the store, and in the view of an instance."""
    stored = [watcher(number).model_dump_json(exclude_none=True) for number in range(RECORDS)]
    view = RoomView()
    tracemalloc.start()
    for number, data in enumerate(stored):
        record = PeerRecord.model_validate_json(data)
        view.apply(PeerChanged(number, record.peer_id, record, ""))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = len(stored[0].encode())
    print(f"a record of the audience: {size} bytes in the store, {held / RECORDS:,.0f} in an instance's memory")
    print(f"MAX_ROOM_BYTES is full with {MAX_ROOM_BYTES // size:,} of them")


class Listener:
    """A session that does nothing."""

    def on_changes(self, changes: Sequence[ViewChange]) -> None:
        """See `RoomListener`."""

    def on_room_event(self, push: Push) -> None:
        """See `RoomListener`."""

    def on_changes_missed(self) -> None:
        """See `RoomListener`."""


async def measure_view() -> None:
    """Prints the time of one change of the audience in the hub, by the number of sessions in the room."""
    for sessions in (1, RECORDS):
        hub = RoomHub("room", FakeBackend())
        for number in range(sessions):
            record = watcher(number)
            hub.apply(PeerChanged(number, record.peer_id, record, ""))
            hub.enter(record.peer_id, Listener())
        changes = [PeerChanged(sessions + n, f"more-{n}", watcher(sessions + n), "") for n in range(1_000)]
        hub.apply(changes[0])  # which tells the number; the period of the next one begins
        began = time.process_time()
        for change in changes[1:]:
            hub.apply(change)
        took = (time.process_time() - began) / (len(changes) - 1)
        print(f"a change of the audience with {sessions:,} sessions: {took * 1e6:.0f} microseconds for all of them")
        await hub.stop()


async def measure(installation: Installation, present: int) -> None:
    """Prints the costs without and with others in the room."""
    url, pid = installation.url, installation.signaling[0].pid
    alone, together = await cost(url, pid, 1), await cost(url, pid, present)
    print(f"a join: {alone * 1e3:.1f} ms of signaling's CPU alone, {together * 1e3:.1f} ms with {present} present")
    print(f"a peerJoined: {(together - alone) / (present - 1) * 1e6:.0f} microseconds for each of them")
    alone, together = await cost_in_audience(url, pid, 2), await cost_in_audience(url, pid, present)
    print(f"a join of the audience: {alone * 1e3:.1f} ms, {together * 1e3:.1f} ms with {present} in it")
    print(f"that is {(together - alone) / (present - 2) * 1e6:.1f} microseconds for each of them")
    alone, together = await cost_of_the_number(url, pid, 1), await cost_of_the_number(url, pid, present)
    print(f"an audienceChanged: {(together - alone) / (present - 1) * 1e6:.0f} microseconds for each who is told")
    processes = [installation.signaling[0].pid, installation.nodes[0].pid]
    signaling, node = await cost_of_following(installation.urls, processes)
    print(
        f"a join and a leave elsewhere: {signaling * 1e3:.2f} ms for an instance that follows, {node * 1e3:.2f} a node"
    )


def main() -> None:
    """Starts an installation and measures it."""
    present = int(sys.argv[1]) if len(sys.argv) > 1 else PRESENT
    measure_records()
    asyncio.run(measure_view())
    with Installation(signalings=2, environment=ENVIRONMENT) as installation:
        asyncio.run(measure(installation, present))


if __name__ == "__main__":
    main()
