"""Whether a node that runs is ever declared dead while all cores are busy.

    python tests/load/soak_detection.py [MINUTES]

Three nodes with the timeouts of the product carry two calls of three people for MINUTES (60), while one process for
each core does nothing but keep it busy, at the priority of the services. Nothing fails. Prints how late heartbeats
were, and each node that was declared dead. Exits with 1 when there was one.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.bus.node import NodeHeartbeat
from support.installation import Installation
from support.live_rooms import live_rooms

MINUTES = 60
REPORT_EVERY = 5
"""Minutes."""
ENVIRONMENT = {"NODE_SILENCE": "1"}
"""The product's, instead of the tests'."""
DECLARED_DEAD = ("media node is gone", "media node is dead")
"""Messages of a registry."""
WHOLE_WITHIN = 60.0


class Heartbeats:
    """The heartbeats of all nodes, as a registry beside them receives them."""

    def __init__(self) -> None:
        self.spaces: list[float] = []
        """Seconds between two heartbeats of one run of a node."""
        self.runs: dict[str, set[int]] = defaultdict(set)
        """The epochs of each node. A second one: it lost its lease."""
        self._last: dict[tuple[str, int], float] = {}

    def received(self, heartbeat: NodeHeartbeat) -> None:
        now, run = time.monotonic(), (heartbeat.node_id, heartbeat.epoch)
        if run in self._last:
            self.spaces.append(now - self._last[run])
        self._last[run] = now
        self.runs[heartbeat.node_id].add(heartbeat.epoch)

    @property
    def lost_leases(self) -> int:
        return sum(len(epochs) - 1 for epochs in self.runs.values())

    def __str__(self) -> str:
        spaces = sorted(self.spaces)
        late = statistics.quantiles(spaces, n=1000)[-1]
        return f"{len(spaces)} heartbeats; {late * 1000:.0f} ms apart in 1 of 1,000, {spaces[-1] * 1000:.0f} ms at most"


@contextmanager
def busy_cores() -> Iterator[None]:
    """One process for each core that keeps it busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def declared_dead(installation: Installation) -> list[str]:
    """What registries logged of dead nodes."""
    lines = (line for registry in installation.registries for line in registry.log.read_text().splitlines())
    return [line for line in lines if any(words in line for words in DECLARED_DEAD)]


async def run(minutes: int) -> bool:
    """Prints a line every few minutes; returns whether no node was declared dead."""
    with Installation(registries=2, nodes=3, environment=ENVIRONMENT) as installation:
        bus = await Bus.connect(installation.nats.url, name="soak")
        heartbeats = Heartbeats()
        await bus.subscribe(subjects.ALL_HEARTBEATS, NodeHeartbeat, heartbeats.received)
        async with live_rooms(installation, rooms=2, people=3) as rooms:
            await rooms.require_media(WHOLE_WITHIN)
            with busy_cores():
                psutil.cpu_percent()
                for passed in range(REPORT_EVERY, minutes + 1, REPORT_EVERY):
                    await asyncio.sleep(REPORT_EVERY * 60)
                    await rooms.require_media(WHOLE_WITHIN)
                    write(
                        f"{passed} min: cores {psutil.cpu_percent():.0f} % busy, load {os.getloadavg()[0]:.1f}; "
                        f"{heartbeats}; "
                        f"declared dead: {len(declared_dead(installation))}; lost leases: {heartbeats.lost_leases}"
                    )
        await bus.close()
        dead = declared_dead(installation)
        for line in dead:
            write(line)
        return not dead and heartbeats.lost_leases == 0


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)) else 1)
