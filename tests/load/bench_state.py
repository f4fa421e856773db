"""The start time and the memory of a registry replica with a large state.

    python tests/load/bench_state.py [ROOMS [PEERS]]

Stores ROOMS rooms of PEERS peers with two producers each, then starts one replica. Defaults: 10,000 rooms of 10.
Goal: it answers within 10 s in at most 1 GiB of resident memory. Exits with status 1 when it misses the goal.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_bus import Bus
from hubbub_cli.nats_server import EmbeddedNats
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.stats import ClusterStats, GetStats
from support.large_state import store_rooms
from support.registry_rig import registry_process

ROOMS = 10_000
PEERS = 10
MAX_SECONDS = 10.0
MIB = 1 << 20
MAX_RSS = 1024 * MIB
IDLE = 10.0
"""Seconds for which the CPU use of the idle replica is measured."""
TIMEOUT = 60.0


async def first_answer(bus: Bus) -> ClusterStats:
    """Asks until a replica answers. Raises HubbubError after TIMEOUT seconds."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return await bus.request(subjects.registry(GetStats.verb), GetStats(), timeout=2.0)
        except HubbubError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


async def measure(nats: EmbeddedNats, directory: Path, rooms: int, peers: int) -> bool:
    """Prints the figures, and returns whether they meet the goal."""
    bus = await Bus.connect(nats.url, name="test", timeout=5)
    stored = await store_rooms(bus, rooms, peers)
    print(f"{rooms:,} rooms of {peers}: {stored.records:,} records, {stored.bytes / 1e6:.0f} MB in the store")
    replica = registry_process(nats.url, directory, max_rooms=2 * rooms)
    began = time.monotonic()
    replica.start()
    try:
        counts = await first_answer(bus)
        seconds = time.monotonic() - began
        process = psutil.Process(replica.pid)
        rss, spent = process.memory_info().rss, process.cpu_times().user
        print(f"answers after {seconds:.1f} s; RSS {rss / MIB:.0f} MiB; CPU {spent:.1f} s; {counts.peers:,} peers")
        await asyncio.sleep(IDLE / 2)
        before = sum(process.cpu_times()[:2])
        await asyncio.sleep(IDLE)
        idle = (sum(process.cpu_times()[:2]) - before) / IDLE
        peak = process.memory_info().rss
        print(f"idle: {idle:.0%} of a core; RSS {peak / MIB:.0f} MiB")
        disconnects = replica.log.read_text().count("connection to the bus lost")
        print(f"disconnects: {disconnects}")
    except HubbubError as error:
        print(f"no answer within {TIMEOUT:.0f} s: {error.message}; the log ends with\n{replica.log_tail()}")
        return False
    finally:
        replica.kill()
        await bus.close()
    return seconds <= MAX_SECONDS and max(rss, peak) <= MAX_RSS and counts.peers == rooms * peers


def main() -> int:
    """Returns the exit status."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    rooms, peers = [*arguments, *(ROOMS, PEERS)[len(arguments) :]]
    with tempfile.TemporaryDirectory() as directory, EmbeddedNats(Path(directory)) as nats:
        met = asyncio.run(measure(nats, Path(directory), rooms, peers))
    print("goal met" if met else "GOAL MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
