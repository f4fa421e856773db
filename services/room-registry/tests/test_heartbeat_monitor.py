"""When a replica may judge that a node is dead."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from hubbub_bus import Bus
from hubbub_registry.adapters import heartbeat_monitor
from hubbub_registry.adapters.clock_monitor import ClockMonitor
from hubbub_registry.adapters.cluster_pinger import ClusterPinger
from hubbub_registry.adapters.heartbeat_monitor import HeartbeatMonitor
from hubbub_registry.adapters.lease_watcher import LeaseWatcher
from hubbub_registry.domain.clusters import Clusters
from hubbub_registry.domain.incarnation import Timeouts
from hubbub_registry.domain.nodes import Nodes
from hubbub_service import Tasks

CLUSTERS = Clusters(lambda: None)


class LongConnectedBus:
    """A connection that has been healthy for long."""

    def healthy_for(self, _seconds: float) -> bool:
        return True

    def connected_for(self, _seconds: float) -> bool:
        return True

    async def subscribe(self, *_arguments: Any) -> None:
        return None


class CurrentLeases:
    """A view of the leases that is current."""

    healthy = True


def _ignore(_error: object = None) -> None:
    pass


async def test_a_pause_of_the_replica_is_no_silence_of_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that stands still (live migration, a suspended laptop) stops the replica and the nodes alike."""
    monkeypatch.setattr(heartbeat_monitor, "GRACE_PERIOD", 0.0)
    excused: list[float] = []

    class RecordingNodes(Nodes):
        def excuse(self, seconds: float, now: float) -> None:
            excused.append(seconds)
            super().excuse(seconds, now)

    tasks = Tasks(on_fatal=_ignore)
    leases, bus = cast("LeaseWatcher", CurrentLeases()), cast("Bus", LongConnectedBus())
    monitor = HeartbeatMonitor(
        bus,
        RecordingNodes(Timeouts()),
        leases,
        ClockMonitor(),
        tasks,
        _ignore,
        CLUSTERS,
        ClusterPinger(bus, CLUSTERS, tasks),
    )
    try:
        await monitor.start()
        await asyncio.sleep(0)
        time.sleep(0.5)  # noqa: ASYNC251  the event loop stands still, as in a stopped process
        async with asyncio.timeout(20):
            while not excused:
                await asyncio.sleep(0.01)
        assert excused[0] >= 0.4
    finally:
        await tasks.close()


async def test_silence_before_the_subscription_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica waits for the store before it listens, and has heard nobody until then."""
    tasks = Tasks(on_fatal=_ignore)
    nodes = Nodes(Timeouts(suspect=0.5, dead=1.5))
    leases, bus = cast("LeaseWatcher", CurrentLeases()), cast("Bus", LongConnectedBus())
    monitor = HeartbeatMonitor(
        bus, nodes, leases, ClockMonitor(), tasks, _ignore, CLUSTERS, ClusterPinger(bus, CLUSTERS, tasks)
    )
    try:
        assert not monitor.can_detect_failures
        await monitor.start()
        assert not monitor.can_detect_failures
        monkeypatch.setattr(heartbeat_monitor, "GRACE_PERIOD", 0.0)
        assert monitor.can_detect_failures
    finally:
        await tasks.close()
