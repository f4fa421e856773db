"""Asks the services of other NATS clusters whether they can be reached."""

from __future__ import annotations

import asyncio
import time

import structlog

from hubbub_bus import Bus, unix_ms
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.cluster import PingCluster
from hubbub_service import Tasks

from ..domain.clusters import Clusters

_log = structlog.get_logger(__name__)

INTERVAL = 0.2
"""Seconds between two questions, the interval of a node's heartbeats."""
TIMEOUT = 1.0
ANNOUNCED_FOR = 15.0
"""Seconds for which the end of a cut is announced: some announcements may be lost."""


class ClusterPinger:
    """Asks each of `clusters.others` every INTERVAL."""

    def __init__(self, bus: Bus, clusters: Clusters, tasks: Tasks) -> None:
        self._bus = bus
        self._clusters = clusters
        self._tasks = tasks
        self._cut_off: set[str] = set()
        self._rejoined: dict[str, int] = {}

    def start(self) -> None:
        """Starts to ask."""
        self._tasks.spawn(self._ask_all(), "cluster-pinger", vital=True)

    @property
    def rejoined(self) -> dict[str, int]:
        """The clusters that can be reached again for less than ANNOUNCED_FOR, and since when, in Unix milliseconds."""
        now = unix_ms()
        return {each: at for each, at in self._rejoined.items() if now - at < ANNOUNCED_FOR * 1000}

    async def ask(self, cluster: str) -> bool:
        """Asks one cluster; returns whether it answered."""
        asked_at = time.monotonic()
        try:
            await self._bus.request(subjects.cluster_ping(cluster), PingCluster(), timeout=TIMEOUT)
        except HubbubError:
            return False
        if self._clusters.answered(cluster, asked_at, time.monotonic()):
            self._rejoined[cluster] = unix_ms()
        return True

    async def _ask_all(self) -> None:
        while True:
            for cluster in self._clusters.others:
                # Without waiting: an answer may take longer than the interval.
                self._tasks.spawn(self.ask(cluster), "cluster-ping")
            self._report(time.monotonic())
            await asyncio.sleep(INTERVAL)

    def _report(self, now: float) -> None:
        """Logs which clusters are cut off from now on, and which are not any more."""
        cut_off = {each for each in self._clusters.others if self._clusters.is_cut_off(each, now)}
        for cluster in cut_off - self._cut_off:
            _log.warning("nobody of another NATS cluster answers: its nodes are not judged", cluster=cluster)
        for cluster in self._cut_off - cut_off:
            _log.warning("another NATS cluster answers again", cluster=cluster)
        self._cut_off = cut_off
