"""The interruption of video when the media node of one of two people dies, with and without a standby.

    python tests/load/bench_failover.py [ROUNDS] [standby | plain | both]

Two tabs of Chromium are in a call, each on another of three nodes. In each round the node of one of them is killed
(SIGKILL) or frozen (SIGSTOP), each in turn. The person on it is the sender of one picture and the receiver of the other
one: the interruption of a round is the longer one of both. Everything shares this machine, the browser included.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_client.api import ServerApi
from support.browser import CallBrowser, Tab, chromium
from support.failover_timeline import TIMELINE, Steps, StoreWatch, begin, end, steps
from support.footprint import MIB, cpu_seconds
from support.installation import SPREAD_OVER_NODES, Installation
from support.service_process import ServiceProcess

ROUNDS = 20
ROOM = "failover"
SETTLE = 2.0
"""Seconds of undisturbed video before a failure."""
OBSERVE = 6.0
"""Seconds of video after a failure: the longest interruption ends well within."""
IDLE = 10.0
"""Seconds for which the cost is measured."""
GOAL_MEDIAN, GOAL_WORST = 0.4, 0.8
"""Seconds: of kills with a standby."""
FAILURES: dict[str, Callable[[ServiceProcess], object]] = {
    "killed": ServiceProcess.kill,
    "frozen": ServiceProcess.freeze,
}
MODES = {"standby": "on", "plain": "off"}

Round = tuple[Steps, Steps]
"""As the sender's node, and as the receiver's node."""


class Call:
    """Ann and Ben in a call, on different nodes."""

    def __init__(self, installation: Installation, browser: CallBrowser, api: ServerApi, standby: str) -> None:
        self._installation = installation
        self._browser = browser
        self._api = api
        self._standby = standby
        self.tabs: dict[str, Tab] = {}

    async def prepare(self) -> None:
        """Waits until both are on different nodes, see each other, and have a standby if they are to have one."""
        while True:
            for name in {"Ann", "Ben"} - self.tabs.keys():
                await self._open(name)
            await asyncio.gather(self.tabs["Ann"].wait_sees("Ben"), self.tabs["Ben"].wait_sees("Ann"))
            if len({*(await self.nodes()).values()}) == 2:
                break
            await self.tabs.pop("Ben").close()
        if self._standby == "on":
            for tab in self.tabs.values():
                await tab.page.wait_for_function("hubbub.call.hasStandby", timeout=60_000, polling=50)
        await asyncio.sleep(SETTLE)

    async def nodes(self) -> dict[str, str]:
        """The node of each person."""
        peers = await self._api.peers(ROOM)
        return {each.display_name: each.placement.node_id for each in peers if each.placement is not None}

    async def process_of(self, name: str) -> ServiceProcess:
        node_id = (await self.nodes())[name]
        return next(node for node in self._installation.nodes if node.name == node_id)

    async def close(self) -> None:
        for tab in self.tabs.values():
            await tab.close()

    async def _open(self, name: str) -> None:
        query = {"room": ROOM, "name": name, "join": "", "width": 640, "height": 360, "standby": self._standby}
        address = f"{self._installation.url}/?{urlencode(query)}"
        self.tabs[name] = await self._browser.open_page(address, name, script=TIMELINE)
        await self.tabs[name].wait_joined()


async def fail(
    installation: Installation, call: Call, watch: StoreWatch, name: str, failure: Callable[[ServiceProcess], object]
) -> Round | None:
    """Lets the node of this person fail, and restores it afterwards. None: not all steps were seen."""
    victim, other = call.tabs[name], next(tab for each, tab in call.tabs.items() if each != name)
    process = await call.process_of(name)
    await begin([victim, other])
    await asyncio.sleep(0.5)
    decision, failed = watch.begin(process.name), time.time()
    failing = asyncio.create_task(asyncio.to_thread(failure, process))
    await asyncio.sleep(OBSERVE)
    await failing
    moved, seen = await end(victim), await end(other)
    process.kill()
    process.start()
    await asyncio.to_thread(installation.wait_ready)
    as_sender, as_receiver = (steps(failed, decision, moved, receiver) for receiver in (seen, moved))
    return None if as_sender is None or as_receiver is None else (as_sender, as_receiver)


async def measure(installation: Installation, call: Call, mode: str, rounds: int) -> None:
    """Prints the interruptions of each kind of failure, and their parts."""
    async with StoreWatch(installation.nats.url) as watch:
        for kind, failure in FAILURES.items():
            seen: list[Round] = []
            for index in range(rounds):
                await call.prepare()
                found = await fail(installation, call, watch, ("Ann", "Ben")[index % 2], failure)
                if found is not None:
                    seen.append(found)
                    write(f"  {kind} {index + 1}: " + ", ".join(f"{part.interruption * 1000:.0f}" for part in found))
            show(f"{mode}, {kind}", seen, rounds)


def show(title: str, seen: list[Round], rounds: int) -> None:
    """Prints the median and the worst of the interruptions, and of their parts, in milliseconds."""
    if not seen:
        write(f"{title}: nothing was measured")
        return
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    write(f"\n{title}: {len(seen)} of {rounds} rounds, {load}")
    write(f"{'ms: median / worst':<24}" + "".join(f"{name:>16}" for name in Steps.names()))
    views = {
        "the sender's node": [each[0] for each in seen],
        "the receiver's node": [each[1] for each in seen],
        "the worse of both": [max(each, key=lambda part: part.interruption) for each in seen],
    }
    for view, rows in views.items():
        cells = [[getattr(row, name) * 1000 for row in rows] for name in Steps.names()]
        write(f"{view:<24}" + "".join(f"{f'{statistics.median(cell):.0f} / {max(cell):.0f}':>16}" for cell in cells))
    after = [part.interruption - part.detect for part in views["the worse of both"]]
    write(f"without the detection: {statistics.median(after) * 1000:.0f} / {max(after) * 1000:.0f}")
    if title == "standby, killed":
        worst = [part.interruption for part in views["the worse of both"]]
        met = statistics.median(worst) <= GOAL_MEDIAN and max(worst) <= GOAL_WORST
        write(f"goal of {GOAL_MEDIAN * 1000:.0f} / {GOAL_WORST * 1000:.0f}: {'met' if met else 'missed'}")


async def show_cost(installation: Installation, call: Call, mode: str) -> None:
    """Prints what the call costs while nothing happens."""
    tabs, nodes = list(call.tabs.values()), installation.nodes
    browser = [each for each in psutil.Process().children(recursive=True) if "--type=renderer" in each.cmdline()]
    before = [cpu_seconds(node.pid) for node in nodes], [cpu_seconds(each.pid) for each in browser]
    exchanged = [await tab.page.evaluate("failover.bytes(false)") for tab in tabs]
    await asyncio.sleep(IDLE)
    idle = [await tab.page.evaluate("failover.bytes(false)") - each for tab, each in zip(tabs, exchanged, strict=True)]
    cpu = [
        sum(cpu_seconds(pid) for pid in pids) - sum(earlier)
        for pids, earlier in zip(([node.pid for node in nodes], [each.pid for each in browser]), before, strict=True)
    ]
    memory = [
        sum(psutil.Process(pid).memory_info().rss for pid in pids) / MIB / len(pids)
        for pids in ([node.pid for node in nodes], [each.pid for each in browser])
    ]
    write(
        f"\n{mode}, undisturbed: a node {cpu[0] / IDLE / len(nodes):.1%} of a CPU, {memory[0]:.1f} MiB; a client "
        f"{cpu[1] / IDLE / len(tabs):.1%}, {memory[1]:.1f} MiB; over connections without media "
        f"{statistics.mean(idle) / IDLE:.0f} bytes a second and client"
    )


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run(rounds: int, modes: list[str]) -> None:
    """Starts three nodes and a browser, and measures."""
    environment = {**SPREAD_OVER_NODES, "NODE_SILENCE": "1"}
    with Installation(nodes=3, environment=environment) as installation:
        async with chromium() as browser, ServerApi(installation.url) as api:
            for mode in modes:
                call = Call(installation, browser, api, MODES[mode])
                await call.prepare()
                await show_cost(installation, call, mode)
                await measure(installation, call, mode, rounds)
                await call.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    named = next((each for each in arguments if not each.isdigit()), "both")
    chosen = list(MODES) if named == "both" else [named]
    asyncio.run(run(next((int(each) for each in arguments if each.isdigit()), ROUNDS), chosen))
