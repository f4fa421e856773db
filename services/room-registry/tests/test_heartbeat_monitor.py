"""When a replica may judge that a node is dead."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Self, cast

import pytest

from hubbub_bus import Bus, NoResponders
from hubbub_contracts.base import Done
from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Placement
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


class ProbedBus(LongConnectedBus):
    """Answers the probes of nodes in turn: True by the node, False by nobody. The last answer repeats."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.probes = 0

    async def request(self, subject: str, _message: object, **_options: object) -> Done:
        self.probes += 1
        if not (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]):
            raise NoResponders(subject)
        return Done()


class CurrentLeases:
    """A view of the leases that is current."""

    healthy = True

    def __init__(self) -> None:
        self.fenced: list[str] = []

    async def fence(self, node_id: str, _epoch: int) -> bool:
        self.fenced.append(node_id)
        return True


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


class Silent:
    """A monitor that evaluates a node without heartbeats. Silence alone never proves its death here."""

    PLACEMENT = Placement(node_id="silent", epoch=1)

    def __init__(self, bus: ProbedBus) -> None:
        self.leases = CurrentLeases()
        self.nodes = Nodes(Timeouts(suspect=0.05, dead=600.0))
        self.nodes.lease_written("silent", LeaseRecord(holder="silent", instance="i", epoch=1), time.monotonic())
        self.nodes.heartbeat(
            NodeHeartbeat(node_id="silent", epoch=1, sent_at=0, draining=False, leased=True, workers=[]),
            time.monotonic(),
        )
        self._tasks = Tasks(on_fatal=_ignore)
        real_bus = cast("Bus", bus)
        self._monitor = HeartbeatMonitor(
            real_bus,
            self.nodes,
            cast("LeaseWatcher", self.leases),
            ClockMonitor(),
            self._tasks,
            _ignore,
            CLUSTERS,
            ClusterPinger(real_bus, CLUSTERS, self._tasks),
        )

    async def __aenter__(self) -> Self:
        await self._monitor.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._tasks.close()


async def test_a_node_for_which_nothing_answers_twice_is_fenced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_monitor, "GRACE_PERIOD", 0.0)
    bus = ProbedBus(False)
    async with asyncio.timeout(20), Silent(bus) as silent:
        while not silent.leases.fenced:
            await asyncio.sleep(0.01)
    assert bus.probes >= 2


async def test_a_node_that_subscribes_anew_before_the_second_probe_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client connects to another NATS server when its own has died."""
    monkeypatch.setattr(heartbeat_monitor, "GRACE_PERIOD", 0.0)
    bus = ProbedBus(False, True)
    async with asyncio.timeout(20), Silent(bus) as silent:
        while bus.probes < 4:  # until it was suspect again, and found alive again
            await asyncio.sleep(0.01)
        assert not silent.leases.fenced
        assert silent.nodes.is_live(Silent.PLACEMENT)
