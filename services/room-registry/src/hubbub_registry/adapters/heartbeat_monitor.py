"""Receives the nodes' heartbeats, probes nodes that miss one, and fences the dead ones."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from hubbub_bus import Bus, NoResponders, Subscription
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.node import NodeHeartbeat, ProbeNode
from hubbub_service import Tasks

from ..domain.clusters import Clusters
from ..domain.incarnation import Incarnation, LivenessEvent, LivenessState
from ..domain.nodes import Nodes
from .clock_monitor import ClockMonitor
from .cluster_pinger import ClusterPinger
from .lease_watcher import LeaseWatcher

_log = structlog.get_logger(__name__)

EVALUATION_INTERVAL = 0.02
TOLERATED_DELAY = 0.1
"""Seconds by which an evaluation may be late before the delay is taken off the silence of the nodes."""
PROBE_TIMEOUT = 0.2
CONFIRMED_AFTER = 0.05
"""Seconds after which a node for which nothing answers is asked again: it may be about to connect to another server."""
LINK_HEALTHY_FOR = 3.0
"""Seconds of healthy connection after which a replica's view of others can be trusted."""
SETTLED_AFTER = 1.0
"""Seconds after a cut in which a missing responder in another cluster says nothing."""
GRACE_PERIOD = 5.0
"""Seconds after a (re)connect, and after the first heartbeat could arrive, in which nothing is considered dead."""
FIRST_HEARTBEATS_TIMEOUT = 1.0
"""Seconds. Heartbeats are 0.2 s apart."""


class HeartbeatMonitor:
    """Applies heartbeats to `nodes`, and evaluates them every 20 ms."""

    def __init__(
        self,
        bus: Bus,
        nodes: Nodes,
        leases: LeaseWatcher,
        clocks: ClockMonitor,
        tasks: Tasks,
        on_change: Callable[[], None],
        clusters: Clusters,
        pinger: ClusterPinger,
    ) -> None:
        """`on_change` is called when a room may have to move."""
        self._clusters = clusters
        self._pinger = pinger
        self._bus = bus
        self._nodes = nodes
        self._leases = leases
        self._clocks = clocks
        self._tasks = tasks
        self._on_change = on_change
        self._in_progress: set[tuple[str, int]] = set()
        self._heartbeats: Subscription | None = None
        self._listening_since: float | None = None
        self._heard = asyncio.Event()

    @property
    def can_detect_failures(self) -> bool:
        """This replica's connection has been healthy for long enough that silence means a failure of the other side."""
        return self.has_seen_all(LINK_HEALTHY_FOR)

    def has_seen_all(self, seconds: float) -> bool:
        """Whether this replica would have seen leases and heartbeats for so long, had there been any.

        Just after a reconnect, others may still be without a connection.
        """
        return (
            self._leases.healthy
            and self._bus.healthy_for(seconds)
            and self._bus.connected_for(GRACE_PERIOD)
            and self._has_listened()
        )

    def _has_listened(self) -> bool:
        """A replica whose start had to wait for the store knows the leases, but no heartbeat of that time."""
        since = self._listening_since
        return since is not None and time.monotonic() - since >= GRACE_PERIOD

    async def start(self) -> None:
        """Subscribes to the heartbeats and starts the evaluation."""
        self._heartbeats = await self._bus.subscribe(subjects.ALL_HEARTBEATS, NodeHeartbeat, self._on_heartbeat)
        self._listening_since = time.monotonic()
        self._tasks.spawn(self._evaluate(), "heartbeat-monitor", vital=True)

    async def first_heartbeats(self) -> None:
        """Waits for a heartbeat of every node with a lease, for FIRST_HEARTBEATS_TIMEOUT at most.

        A replica that serves before knows no node that takes rooms, and would refuse joins that another one accepts.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_HEARTBEATS_TIMEOUT):
                while self._nodes.awaits_first_heartbeat:
                    self._heard.clear()
                    await self._heard.wait()

    async def stop(self) -> None:
        """Unsubscribes. The evaluation ends with the tasks."""
        if self._heartbeats is not None:
            await self._heartbeats.stop()

    def _on_heartbeat(self, heartbeat: NodeHeartbeat) -> None:
        self._clocks.received(subjects.node_lease(heartbeat.node_id), heartbeat.sent_at)
        if self._nodes.heartbeat(heartbeat, time.monotonic()):
            self._on_change()
        self._heard.set()

    async def _evaluate(self) -> None:
        evaluated_at = time.monotonic()
        while True:
            await asyncio.sleep(EVALUATION_INTERVAL)
            now = time.monotonic()
            delay, evaluated_at = now - evaluated_at - EVALUATION_INTERVAL, now
            if delay > TOLERATED_DELAY:
                self._nodes.excuse(delay, now)
            if not self.can_detect_failures:
                continue
            for incarnation in self._nodes.evaluate(now):
                key = (incarnation.node_id, incarnation.epoch)
                if key not in self._in_progress:
                    self._in_progress.add(key)
                    work = self._probe if incarnation.state is LivenessState.SUSPECT else self._fence
                    self._tasks.spawn(self._exclusively(incarnation, work), f"evaluate-{incarnation.node_id}")

    async def _exclusively(self, incarnation: Incarnation, work: Callable[[Incarnation], Awaitable[None]]) -> None:
        """Runs `work`; until it is done, the evaluation starts no other work for the same incarnation."""
        try:
            await work(incarnation)
        finally:
            self._in_progress.discard((incarnation.node_id, incarnation.epoch))

    async def _probe(self, incarnation: Incarnation) -> None:
        """Asks the incarnation whether it runs.

        A timeout is no answer. No responder is a certain one when it is found twice, unless its cluster is cut off:
        then nobody responds.
        """
        try:
            if not await self._responds(incarnation):
                await asyncio.sleep(CONFIRMED_AFTER)
                if not await self._responds(incarnation):
                    await self._nothing_responds(incarnation)
                    return
        except HubbubError as error:
            _log.debug("probe failed", node_id=incarnation.node_id, error=error.message)
        else:
            incarnation.record_sign_of_life(time.monotonic())

    async def _responds(self, incarnation: Incarnation) -> bool:
        """Whether anything listens on its subject. Raises HubbubError when there is no answer."""
        subject = subjects.node(incarnation.node_id, incarnation.epoch, ProbeNode.verb)
        try:
            await self._bus.request(subject, ProbeNode(), timeout=PROBE_TIMEOUT)
        except NoResponders:
            return False
        return True

    async def _nothing_responds(self, incarnation: Incarnation) -> None:
        if await self._is_cut_off(incarnation.cluster):
            return
        if incarnation.apply(LivenessEvent.NO_RESPONDERS):
            _log.warning("media node is gone: nothing answers on its subject", node_id=incarnation.node_id)
            await self._fence(incarnation)

    async def _is_cut_off(self, cluster: str | None) -> bool:
        """Asks the cluster, unless it is this replica's. Just after a cut, not all subscriptions may be known again."""
        if cluster is None or self._clusters.is_own(cluster):
            return False
        answered = await self._pinger.ask(cluster)
        return not answered or time.monotonic() - self._clusters.heard(cluster).since < SETTLED_AFTER

    async def _fence(self, incarnation: Incarnation) -> None:
        log = _log.bind(node_id=incarnation.node_id, epoch=incarnation.epoch)
        try:
            if await self._leases.fence(incarnation.node_id, incarnation.epoch):
                log.warning("media node is dead: its lease is fenced")
        except HubbubError as error:
            log.warning("media node is dead, but fencing failed", error=error.message)
