"""The interruption of video and sound when the media node of one of two people dies, with and without a standby.

    python tests/load/bench_failover.py [ROUNDS] [standby | plain | both] [sound]

Two tabs of Chromium are in a call, each on another of three nodes. First, the cost of the call is measured while
nothing happens, in turns of both modes; with 0 ROUNDS that is all. Then, in each round, the node of one of them is
killed (SIGKILL) or frozen (SIGSTOP), each in turn. The person on it is the sender of one picture and the receiver of
the other one: the interruption of a round is the longer one of both.

With `sound`, the microphones are tones and the tabs' output is captured, to measure silence as well. That delays video:
its figures are those of a run without it. Everything shares this machine, the browser included.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_client.api import ServerApi
from support.browser import CallBrowser, Tab, chromium
from support.bus_client import BusClient, bus_client
from support.failover_cost import Cost, measure_cost
from support.failover_report import Round, show, show_cost, write
from support.failover_sound import Ear, Sound
from support.failover_timeline import TIMELINE, StoreWatch, begin, is_shown, look, steps
from support.installation import SPREAD_OVER_NODES, Installation
from support.service_process import ServiceProcess

ROUNDS = 20
ROOM = "failover"
TONES = {"Ann": 500, "Ben": 900}
"""Hertz."""
PREPARED_WITHIN = 200.0
"""Seconds until a client has a standby: 7 s. On a busy machine the first attempt may fail, and others follow later."""
SETTLE = 2.0
"""Seconds of undisturbed video before a failure."""
OBSERVE = 6.0
"""Seconds from a failure, at least, for which video and sound are observed."""
GIVE_UP = 40.0
"""Seconds from a failure in which video is back."""
TURNS = 3
"""Measurements of the cost of each mode."""
AGE = 15.0
"""Seconds since the call of both, after which its cost is measured: a standby is there after 7."""
FAILURES: dict[str, Callable[[ServiceProcess], object]] = {
    "killed": ServiceProcess.kill,
    "frozen": ServiceProcess.freeze,
}
MODES = {"standby": "on", "plain": "off"}


class Call:
    """Ann and Ben in a call, on different nodes."""

    def __init__(
        self, installation: Installation, browser: CallBrowser, api: ServerApi, mode: str, sound: bool
    ) -> None:
        self._installation = installation
        self._browser = browser
        self._api = api
        self._standby = MODES[mode]
        self._sound = sound
        self.tabs: dict[str, Tab] = {}
        self._ears: dict[str, Ear] = {}

    async def prepare(self) -> None:
        """Waits until both are on different nodes, see each other, and have a standby if they are to have one."""
        while True:
            for name in {"Ann", "Ben"} - self.tabs.keys():
                await self._open(name)
            await asyncio.gather(self.tabs["Ann"].wait_sees("Ben"), self.tabs["Ben"].wait_sees("Ann"))
            if len({*(await self.nodes()).values()}) == 2:
                break
            await self.tabs.pop("Ben").close()
            self._ears.pop("Ben", None)
        for name in self.tabs.keys() - self._ears.keys():
            self._ears[name] = Ear(self.tabs[name], listens=self._sound)
            await self._ears[name].listen()
        if self._standby == "on":
            for tab in self.tabs.values():
                await tab.page.wait_for_function("hubbub.call.hasStandby", timeout=PREPARED_WITHIN * 1000, polling=50)
        await asyncio.sleep(SETTLE)

    async def nodes(self) -> dict[str, str]:
        """The node of each person."""
        peers = await self._api.peers(ROOM)
        return {each.display_name: each.placement.node_id for each in peers if each.placement is not None}

    async def process_of(self, name: str) -> ServiceProcess:
        node_id = (await self.nodes())[name]
        return next(node for node in self._installation.nodes if node.name == node_id)

    async def begin(self) -> None:
        """Forgets what was seen and heard before."""
        for name, tab in self.tabs.items():
            await begin(tab)
            await self._ears[name].begin()

    async def look(self, name: str) -> dict[str, Any]:
        """What this person has seen since `begin`."""
        return await look(self.tabs[name])

    async def heard(self, name: str) -> Sound:
        """What this person has heard since `begin`."""
        return await self._ears[name].end()

    async def close(self) -> None:
        for tab in self.tabs.values():
            await tab.close()

    async def _open(self, name: str) -> None:
        query = {"room": ROOM, "name": name, "join": "", "width": 640, "height": 360, "standby": self._standby}
        address = f"{self._installation.url}/?{urlencode(query)}"
        script = TIMELINE + Ear.script(TONES[name] if self._sound else None)
        self.tabs[name] = await self._browser.open_page(address, name, script=script)
        await self.tabs[name].wait_joined()


async def fail(
    installation: Installation, call: Call, watch: StoreWatch, name: str, failure: Callable[[ServiceProcess], object]
) -> Round | None:
    """Lets the node of this person fail, and restores it afterwards. None: video was not back, or a step not seen."""
    [other] = call.tabs.keys() - {name}
    process = await call.process_of(name)
    await call.begin()
    await asyncio.sleep(0.5)
    decision, failed = watch.begin(process.name), time.time()
    failing = asyncio.create_task(asyncio.to_thread(failure, process))
    await asyncio.sleep(OBSERVE)
    await failing
    moved, seen = await call.look(name), await call.look(other)
    while not (moved["told"] and is_shown(moved) and is_shown(seen)) and time.time() < failed + GIVE_UP:
        await asyncio.sleep(1)
        moved, seen = await call.look(name), await call.look(other)
    by_other = steps(failed, decision, moved["told"], sender=moved, receiver=seen)
    by_moved = steps(failed, decision, moved["told"], sender=seen, receiver=moved)
    heard_by_other, heard_by_moved = await call.heard(other), await call.heard(name)
    process.kill()
    process.start()
    await asyncio.to_thread(installation.wait_ready)
    if by_other is None or by_moved is None or not (is_shown(moved) and is_shown(seen)):
        return None
    return Round(by_other, by_moved, heard_by_other, heard_by_moved)


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
                write(f"  {kind} {index + 1}: {'not all steps were seen' if found is None else found.line()}")
            show(mode, kind, seen, rounds)


async def cost_of(installation: Installation, call: Call, client: BusClient) -> Cost:
    """The cost of a new call of two, on nodes that have just been started."""
    for node in installation.nodes:
        await asyncio.to_thread(node.stop)
        node.start()
    await asyncio.to_thread(installation.wait_ready)
    began = time.monotonic()
    await call.prepare()
    await asyncio.sleep(max(0.0, began + AGE - time.monotonic()))
    return await measure_cost(installation, client, ROOM, len(call.tabs))


async def run(rounds: int, modes: list[str], *, sound: bool) -> None:
    """Starts three nodes and a browser, and measures."""
    environment = {**SPREAD_OVER_NODES, "NODE_SILENCE": "1"}
    with Installation(nodes=3, environment=environment) as installation:
        async with (
            chromium(capturable=sound) as browser,
            ServerApi(installation.url) as api,
            bus_client(installation) as client,
        ):
            costs: dict[str, list[Cost]] = defaultdict(list)
            for mode in TURNS * modes:
                call = Call(installation, browser, api, mode, sound)
                costs[mode].append(await cost_of(installation, call, client))
                write(f"  cost, {mode}: {costs[mode][-1].line()}")
                await call.close()
            show_cost(costs)
            for mode in modes if rounds else []:
                call = Call(installation, browser, api, mode, sound)
                await measure(installation, call, mode, rounds)
                await call.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    chosen = [each for each in MODES if each in arguments] or list(MODES)
    asked = next((int(each) for each in arguments if each.isdigit()), ROUNDS)
    asyncio.run(run(asked, chosen, sound="sound" in arguments))
