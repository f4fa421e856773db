"""Every service is restarted in order, one process after the other, during live calls and joins. No call is lost."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from hubbub_client import Call
from support.bus_client import bus_client
from support.deployed_nats import DeployedNats
from support.installation import Installation
from support.live_rooms import live_rooms
from support.service_process import ServiceProcess

pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)

RECOVERY = 60.0
"""Seconds from the end of a restart until every call is whole."""
RECONNECT_GRACE = 15.0
"""Seconds. A client that leaves while its signaling instance stops cannot say so: its peer stays that long."""
PAUSE_BETWEEN_JOINS = 0.1
AT_ONCE = 4
"""Joins at a time on each signaling instance."""


class Joins:
    """People who join rooms of their own and leave again, all the time."""

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls
        self._names = itertools.count()
        self._stopping = False
        self.count = 0

    async def _join_and_leave(self, url: str) -> None:
        while not self._stopping:
            call = Call(url, f"join {next(self._names)}", "somebody")
            try:
                await call.join()
            finally:
                await call.leave()
            self.count += 1
            await asyncio.sleep(PAUSE_BETWEEN_JOINS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Joins go on inside the block. Raises the error of one that failed."""
        self._stopping = False
        async with asyncio.TaskGroup() as group:
            for url in AT_ONCE * self._urls:
                group.create_task(self._join_and_leave(url))
            yield
            self._stopping = True


async def restart(process: ServiceProcess) -> None:
    """SIGTERM, then the same process again."""
    await asyncio.to_thread(process.stop)
    process.start()


def kind_of(process: ServiceProcess) -> str:
    """`registry`, `node`, `signaling` or `nats`."""
    return process.name.rpartition("-")[0]


@pytest.mark.parametrize(
    ("servers", "least"),
    [
        pytest.param(1, 10, id="services", marks=pytest.mark.timeout(900)),
        pytest.param(3, 100, id="services_and_nats", marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
    ],
)
async def test_no_call_and_no_join_is_lost(tmp_path: Path, servers: int, least: int) -> None:
    """The longest silence of each restart, and of each kind of process, is printed.

    Restarts go on until this many people have joined.
    """
    installation = Installation(
        tmp_path / "installation", registries=2, nodes=2, signalings=2, reconnect_grace=RECONNECT_GRACE
    )
    with ExitStack() as stack:
        nats, user = list[ServiceProcess](), {}
        if servers > 1:
            cluster = stack.enter_context(DeployedNats(tmp_path / "nats", servers=servers))
            cluster.configure(installation, BUCKET_REPLICAS=str(servers))
            # Permissions know a client by its user and the prefix of its inbox.
            nats, user = cluster.servers, {"url": cluster.url("signaling"), "name": "signaling"}
        stack.enter_context(installation)
        joins = Joins(installation.urls)
        silences = defaultdict[str, list[float]](list)
        async with live_rooms(installation, rooms=2, people=3) as rooms:
            await rooms.require_media(within=RECOVERY)
            while joins.count < least:
                for process in (*installation.processes, *nats):
                    before = joins.count
                    rooms.reset_silence()
                    async with joins.running():
                        await restart(process)
                        await asyncio.to_thread(installation.wait_ready)
                        await rooms.require_media(within=RECOVERY)
                    async with bus_client(installation, **user) as client:
                        await rooms.require_whole(client, within=RECONNECT_GRACE + RECOVERY)
                    joined, silence = joins.count - before, rooms.longest_silence
                    log.info("%s: %d joins, silent for %.2f s", process.name, joined, silence)
                    silences[kind_of(process)].append(silence)
    for kind, each in silences.items():
        log.info("%s: %d restarts, silent for %.2f s at most", kind, len(each), max(each))
