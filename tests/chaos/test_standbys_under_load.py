"""A media node dies while many of its clients mute, stop, leave, join and reconnect, and their standbys take over.

Whatever becomes of each request, the clients, the records and the nodes agree afterwards (ADR 51).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hubbub_client import CallError
from hubbub_client.api import ServerApi
from hubbub_contracts.bus.records import Placement
from support.bus_client import BusClient, bus_client
from support.eventually import wait_for_counts
from support.installation import ONE_ADDRESS, Installation
from support.service_process import ServiceProcess
from support.standby_invariants import require_consistent
from support.standby_person import StandbyPerson

pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)

ROOM = 6
"""People in a room."""
AT_ONCE = 20
"""Joins at a time."""
AROUND = 1.5
"""Seconds around the death of the node in which people act."""
PREPARED = 0.6
"""The share of people who have a standby when the node dies: the others are making theirs, or have just lost it."""
SETTLED = 90.0
"""Seconds until everything agrees again."""
ENVIRONMENT = {
    **ONE_ADDRESS,
    "MAX_CONNECTIONS_PER_ADDRESS": "10000",
    "ROOM_PEERS_PER_NODE": "2",
    "HANDSHAKE_TIMEOUT": "900",  # nobody connects the transports
}


class Crowd:
    """Rooms full of people, some of whom act while a node dies."""

    def __init__(self, installation: Installation, api: ServerApi, client: BusClient, seed: int) -> None:
        self.rooms: dict[str, list[StandbyPerson]] = {}
        self.acts: Counter[str] = Counter()
        self.acting: set[tuple[str, str]] = set()
        self._installation = installation
        self._api = api
        self._client = client
        self._chance = random.Random(seed)

    @property
    def everybody(self) -> list[StandbyPerson]:
        """Those who have left, too."""
        return [person for people in self.rooms.values() for person in people]

    @property
    def present(self) -> list[StandbyPerson]:
        return [person for person in self.everybody if not person.left]

    def _new(self, call_id: str) -> StandbyPerson:
        people = self.rooms.setdefault(call_id, [])
        chance = random.Random(self._chance.random())
        url = self._chance.choice(self._installation.urls)
        people.append(StandbyPerson(url, call_id, f"{call_id}, {len(people)}", chance))
        people[-1].wanted = {"microphone": self._chance.random() < 0.3, "camera": self._chance.random() < 0.2}
        return people[-1]

    async def enter(self, people: int) -> None:
        """All join, and most of them get a standby."""
        everybody = [self._new(f"room {nth // ROOM}") for nth in range(people)]
        for first in range(0, people, AT_ONCE):
            await asyncio.gather(*(one.join() for one in everybody[first : first + AT_ONCE]))
        async with asyncio.timeout(SETTLED + people):
            while sum(bool(one.standby.producers) for one in everybody) < PREPARED * people:
                await asyncio.sleep(0.05)

    async def busiest(self) -> ServiceProcess:
        """The node of most of those who have a standby."""
        prepared = {one.peer_id for one in self.present if one.standby.producers}
        peers = [peer for call_id in self.rooms for peer in (await self._client.room(call_id)).peers]
        nodes = Counter(peer.placement.node_id for peer in peers if peer.placement and peer.peer_id in prepared)
        [(name, _)] = nodes.most_common(1)
        return next(process for process in self._installation.nodes if process.name == name)

    async def act(self) -> None:
        """Everybody does something at a random moment, or nothing."""
        await asyncio.gather(*(self._act(one, self._chance.uniform(0, AROUND)) for one in self.present))

    async def _act(self, one: StandbyPerson, after: float) -> None:
        acts = ("nothing", "mute", "unmute", "toggle", "stop", "share", "leave", "resume", "join", "muted", "stopped")
        act = self._chance.choice(acts)
        await asyncio.sleep(after)
        self.acts[act] += 1
        self.acting.add((one.name, act))
        match act:
            case "mute" | "unmute":
                one.pause("microphone", paused=act == "mute")
            case "toggle":
                for paused in (True, False, True, False):
                    one.pause("camera", paused=paused)
                    await asyncio.sleep(self._chance.uniform(0, 0.1))
            case "stop":
                one.stop("camera")
            case "share":
                one.start("screen")
            case "leave":
                await one.leave()
            case "resume":
                await one.resume()
            case "join":
                await self._new(one.call_id).join()
            case "muted":
                await self._api.mute(one.call_id, one.peer_id, "microphone")
            case "stopped":
                await self._api.stop_source(one.call_id, one.peer_id, "camera")
        self.acting.discard((one.name, act))

    async def require_consistent(self) -> None:
        """Requires that all rooms are, soon."""
        for call_id, people in self.rooms.items():
            await require_consistent(self._client, call_id, people, self._nodes, SETTLED)

    async def _nodes(self) -> list[Placement]:
        """Those that run."""
        alive = {process.name for process in self._installation.nodes if process.alive}
        while True:
            try:
                nodes = await self._api.nodes()
            except CallError as error:  # a connection that was kept open too long
                log.info("%s", error)
            else:
                return [Placement(node_id=each.node_id, epoch=each.epoch) for each in nodes if each.node_id in alive]


def errors(installation: Installation) -> list[str]:
    """What the services have logged as an error."""
    return [
        f"{name}: {line}"
        for name, text in installation.logs(100_000)
        for line in text.splitlines()
        if '"level":"error"' in line.replace(" ", "") or "[error" in line or line.startswith("Traceback")
    ]


@pytest.mark.parametrize(
    ("people", "seed"),
    [
        pytest.param(12, 20_261_130),
        pytest.param(
            int(os.environ.get("HUBBUB_CHAOS_PEOPLE", "240")),
            int(os.environ.get("HUBBUB_CHAOS_SEED", random.randrange(1_000_000))),
            marks=[pytest.mark.long, pytest.mark.timeout(900)],
        ),
    ],
)
async def test_everything_agrees_after_a_node_died_under_load(tmp_path: Path, people: int, seed: int) -> None:
    installation = Installation(
        tmp_path,
        registries=2,
        nodes=3,
        signalings=2,
        reconnect_grace=60.0,
        empty_room_ttl=2.0,
        environment=ENVIRONMENT,
    )
    log.info("seed %d", seed)
    with installation:
        async with (
            AsyncExitStack() as stack,
            ServerApi(installation.url) as api,
            bus_client(installation) as client,
        ):
            crowd = Crowd(installation, api, client, seed)
            await crowd.enter(people)
            prepared = sum(bool(one.standby.producers) for one in crowd.present)
            victim = await crowd.busiest()
            acting = asyncio.create_task(crowd.act())
            stack.callback(acting.cancel)
            await asyncio.sleep(AROUND / 2)
            died = time.monotonic()
            await asyncio.to_thread(victim.kill)
            done, _ = await asyncio.wait([acting], timeout=SETTLED)
            assert done, (crowd.acting, [one.last_refusal for one in crowd.present if one.last_refusal])
            await acting
            await crowd.require_consistent()
            log.info(
                "%d people, %d with a standby; %d were taken over, %d moved otherwise; consistent after %.1f s; %s",
                people,
                prepared,
                sum(one.takeovers for one in crowd.everybody),
                sum(one.moves - one.takeovers for one in crowd.everybody),
                time.monotonic() - died,
                dict(crowd.acts),
            )
            assert sum(one.takeovers for one in crowd.everybody) > 0
            await asyncio.gather(*(one.leave() for one in crowd.present))
        await wait_for_counts(installation, within=60)
        assert errors(installation) == []
