"""The interruption of video when the media node of a call dies.

    python tests/load/bench_failover.py [ROUNDS]

Two tabs of Chromium are in a call on one of three nodes. In each round the call's node is killed (SIGKILL), frozen
(SIGSTOP) or stopped in order (SIGTERM); the call moves to another node. The figure of a round is the longest time
between two frames that either tab showed. Everything shares this machine, the browser included.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from e2e.calls import start_call
from support.browser import CallBrowser, Tab, chromium
from support.installation import Installation
from support.service_process import ServiceProcess

ROUNDS = 10
SETTLE = 2.0
"""Seconds of undisturbed video before a failure."""
OBSERVE = 5.0
"""Seconds of video after a failure: the longest interruption ends well within."""
FAILURES: dict[str, Callable[[ServiceProcess], object]] = {
    "killed (SIGKILL)": ServiceProcess.kill,
    "frozen (SIGSTOP)": ServiceProcess.freeze,
    "stopped (SIGTERM)": ServiceProcess.stop,
}


def home_of(installation: Installation) -> ServiceProcess:
    """The node that hosts the call."""
    workers = installation.stats()["workers"]
    name = next(worker["nodeId"] for worker in workers if worker["peers"])
    return next(node for node in installation.nodes if node.name == name)


async def interruption(installation: Installation, tabs: list[Tab], fail: Callable[[ServiceProcess], object]) -> float:
    """Seconds without a new frame when the call's node fails. Restores the node afterwards."""
    node = await asyncio.to_thread(home_of, installation)
    await asyncio.sleep(SETTLE)
    for tab in tabs:
        await tab.longest_gap()
    failing = asyncio.create_task(asyncio.to_thread(fail, node))
    await asyncio.sleep(OBSERVE)
    await failing
    longest = max([await tab.longest_gap() for tab in tabs])
    node.kill()
    node.start()
    await asyncio.to_thread(installation.wait_ready)
    return longest


async def measure(installation: Installation, browser: CallBrowser, rounds: int) -> None:
    """Prints one line per kind of failure."""
    tabs = await start_call(browser, installation.url, "failover", ["Ann", "Ben"], width=640, height=360)
    sys.stdout.write(f"{'media node is':<20} {'median':>8} {'worst':>8}   of {rounds} rounds, ms\n")
    for name, fail in FAILURES.items():
        seconds = [await interruption(installation, tabs, fail) for _ in range(rounds)]
        sys.stdout.write(f"{name:<20} {statistics.median(seconds) * 1000:>8.0f} {max(seconds) * 1000:>8.0f}\n")
        sys.stdout.flush()


async def run(rounds: int) -> None:
    """Starts three nodes and a browser, and measures."""
    with Installation(nodes=3, environment={"NODE_SILENCE": "1"}) as installation:
        async with chromium() as browser:
            await measure(installation, browser, rounds)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
