"""The CPU time of the registry for each join, and how many joins a second it takes.

    python tests/load/bench_registry.py

A sender that follows the room, as a signaling instance with a peer there does, gets the new peer alone; the first one
of an instance gets the whole room. Goals: 0.5 ms in a room of 10, 2 ms in a room of 1,000. The senders share the cores
with the registry, so the joins a second are a lower bound.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_bus import Bus
from hubbub_contracts.bus.room import RoomSnapshot
from support.footprint import cpu_seconds
from support.registry_rig import FakeSignaling, independent_node, replicas
from support.service_process import ServiceProcess

JOINS = 200
AT_ONCE = 10
"""Joins that are measured together: the room is that much larger at most."""
SIZES = (10, 1_000)
SENDERS = 32
"""That wait for an answer at the same time."""
SECONDS = 5.0
LIMITS = {"max_peers_per_room": 2_000}


def cpu_of(processes: list[ServiceProcess]) -> float:
    """The CPU time of the processes so far, in seconds."""
    return sum(cpu_seconds(process.pid) for process in processes)


async def cost_of_a_join(
    signaling: FakeSignaling, processes: list[ServiceProcess], size: int, *, follows: bool
) -> float:
    """Seconds of the registry's CPU for each join of a room of this size."""
    room_id = await signaling.create()
    room: RoomSnapshot | None = None
    for _ in range(size - AT_ONCE // 2):
        room = (await signaling.join(room_id))[1]
    spent = 0.0
    for _ in range(JOINS // AT_ONCE):
        known = room.revision if room is not None and follows else None
        messages = [signaling.join_request(room_id) for _ in range(AT_ONCE)]
        before = cpu_of(processes)
        joined = await asyncio.gather(
            *(signaling.request(message.model_copy(update={"known_revision": known})) for message in messages)
        )
        spent += cpu_of(processes) - before
        assert all(answer.partial is follows for answer in joined)
        room = joined[-1]
        for message in messages:
            await signaling.leave(room_id, message.peer_id)
    return spent / JOINS


async def joins_a_second(signaling: FakeSignaling, processes: list[ServiceProcess]) -> tuple[float, float]:
    """The joins a second of rooms of ten, and the share of a core that the registry used meanwhile."""
    deadline = time.monotonic() + SECONDS
    joins = 0

    async def send() -> None:
        nonlocal joins
        while time.monotonic() < deadline:
            room_id = await signaling.create()
            room: RoomSnapshot | None = None
            for _ in range(10):
                message = signaling.join_request(room_id)
                known = None if room is None else room.revision
                room = await signaling.request(message.model_copy(update={"known_revision": known}))
                joins += 1

    began, before = time.monotonic(), cpu_of(processes)
    await asyncio.gather(*(send() for _ in range(SENDERS)))
    took = time.monotonic() - began
    return joins / took, (cpu_of(processes) - before) / took


async def measure(directory: Path, count: int) -> None:
    """Prints the figures of `count` replicas."""
    with replicas(directory, count, max_rooms=100_000, **LIMITS) as registry:
        bus = await Bus.connect(registry.nats.url, name="bench", timeout=5)
        signaling = await FakeSignaling(bus).start()
        async with independent_node(registry.nats.url) as node:
            await signaling.wait_for_nodes(node)
            if count == 1:
                print("room size  sender            registry ms/join")
                for size in SIZES:
                    for follows in (True, False):
                        cost = await cost_of_a_join(signaling, registry.processes, size, follows=follows)
                        sender = "follows it" if follows else "is new to it"
                        print(f"{size:>9,}  {sender:<16} {cost * 1_000:>17.2f}")
            rate, share = await joins_a_second(signaling, registry.processes)
            print(f"{count} replica(s): {rate:,.0f} joins/s in rooms of 10; they used {share:.2f} of a core")
        await bus.close()


def main() -> None:
    """Measures one replica, then two."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as directory:
        for count in (1, 2):
            asyncio.run(measure(Path(directory), count))


if __name__ == "__main__":
    main()
