"""The CPU time of each process per participant who joins, produces, consumes and leaves.

    python tests/load/bench_joins.py

Rooms of four: each participant joins, creates two transports, sends audio and video, receives the three others, and
leaves. Media stops as soon as it flows, so that the result covers signaling and DTLS, not packets. The clients' own CPU
time is excluded.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_cli.nats_server import EmbeddedNats
from support.caller import Caller
from support.eventually import wait_for_counts
from support.footprint import cpu_seconds
from support.installation import Installation

ROOMS = 15
PEOPLE = 4
KINDS = ("audio", "video")


async def call(url: str, name: str) -> None:
    """Runs one room from the first join to the last leave."""
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(url)) for _ in range(PEOPLE)]
        produced: dict[Caller, list[str]] = {}
        for caller in callers:
            await caller.join(name)
            produced[caller] = [await caller.publish(kind) for kind in KINDS]
            for producer_id in produced[caller]:
                await caller.stop_sending(producer_id)
        for caller in callers:
            for other, producers in produced.items():
                for producer_id in producers if other is not caller else ():
                    await caller.consume(producer_id)


def cpu_by_process(installation: Installation) -> dict[str, float]:
    """The CPU time of each process so far, in seconds."""
    pids = {process.name.split("-")[0]: process.pid for process in installation.processes}
    if isinstance(installation.nats, EmbeddedNats) and installation.nats.pid is not None:
        pids["nats"] = installation.nats.pid
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


async def measure(installation: Installation) -> None:
    """Prints one line per process."""
    await call(installation.url, "first")
    await wait_for_counts(installation)
    idle_from, idle_before = time.monotonic(), cpu_by_process(installation)
    await asyncio.sleep(5)
    idle_for, idle_after = time.monotonic() - idle_from, cpu_by_process(installation)

    began, before = time.monotonic(), cpu_by_process(installation)
    for number in range(ROOMS):
        await call(installation.url, f"room {number}")
    await wait_for_counts(installation, within=30)
    took, after = time.monotonic() - began, cpu_by_process(installation)

    sys.stdout.write(f"{ROOMS} rooms of {PEOPLE} participants in sequence in {took:.1f} s\n\n")
    sys.stdout.write("process    CPU ms/participant  idle, of a core\n")
    for name in sorted(after):
        rest = (idle_after[name] - idle_before[name]) / idle_for
        person = (after[name] - before[name] - rest * took) / (ROOMS * PEOPLE) * 1000
        sys.stdout.write(f"{name:<10} {person:>18.1f} {rest * 100:>14.1f} %\n")


def main() -> None:
    """Starts an installation and measures it."""
    with Installation() as installation:
        asyncio.run(measure(installation))


if __name__ == "__main__":
    main()
