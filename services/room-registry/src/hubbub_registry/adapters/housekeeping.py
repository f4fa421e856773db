"""The loops of a replica that no request starts: relocation, sweeping, publishing revisions and quotas."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

import structlog

from hubbub_bus import Bus, unix_ms
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.room import RoomRevisions
from hubbub_service import Tasks

from ..domain.nodes import Nodes
from ..domain.relocation import unknown_placements
from ..domain.tenant_quotas import TenantMediaLimits
from ..handlers.relocation import Relocator
from ..handlers.sweeper import Sweeper
from .cluster_pinger import ClusterPinger
from .heartbeat_monitor import HeartbeatMonitor
from .lease_watcher import LeaseWatcher
from .room_store import KvRoomStore

_log = structlog.get_logger(__name__)

RELOCATION_INTERVAL = 1.0
RETRY_PAUSE = 0.1
REVISIONS_INTERVAL = 2.0
REVISIONS_PER_EVENT = 1_000
QUOTAS_INTERVAL = 0.2


class Housekeeping:
    """Runs the loops. Intervals are in seconds and vary randomly, so that replicas do not run in step."""

    def __init__(
        self,
        bus: Bus,
        store: KvRoomStore,
        nodes: Nodes,
        leases: LeaseWatcher,
        monitor: HeartbeatMonitor,
        relocator: Relocator,
        sweeper: Sweeper,
        sweep_interval: float,
        nodes_changed: asyncio.Event,
        tenant_limits: TenantMediaLimits,
        pinger: ClusterPinger,
    ) -> None:
        self._bus = bus
        self._store = store
        self._nodes = nodes
        self._leases = leases
        self._monitor = monitor
        self._relocator = relocator
        self._sweeper = sweeper
        self._sweep_interval = sweep_interval
        self._nodes_changed = nodes_changed
        self._tenant_limits = tenant_limits
        self._pinger = pinger

    def start(self, tasks: Tasks) -> None:
        """Starts the loops as vital tasks."""
        tasks.spawn(self._relocate(), "relocation", vital=True)
        tasks.spawn(self._sweep(), "sweep", vital=True)
        tasks.spawn(self._publish_revisions(), "revisions", vital=True)
        if self._tenant_limits.any:
            tasks.spawn(self._publish_quotas(), "quotas", vital=True)

    async def _relocate(self) -> None:
        """Makes a pass whenever the nodes change, once a second, and sooner after one that is incomplete."""
        pause = RELOCATION_INTERVAL
        while True:
            with contextlib.suppress(TimeoutError):
                # `asyncio.wait_for` of Python 3.11 would lose a cancellation that arrives together with the event.
                async with asyncio.timeout(pause):
                    await self._nodes_changed.wait()
            self._nodes_changed.clear()
            if not (self._store.healthy and self._leases.healthy):
                continue
            if self._monitor.can_detect_failures:
                for placement in unknown_placements(self._store.rooms, self._nodes):
                    self._nodes.expect(placement, time.monotonic())
            complete = await self._relocator.run(unix_ms())
            pause = RELOCATION_INTERVAL if complete else RETRY_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311

    async def _sweep(self) -> None:
        swept_at = time.monotonic()
        while True:
            await asyncio.sleep(self._sweep_interval * random.uniform(0.8, 1.2))  # noqa: S311
            now = time.monotonic()
            if not self._monitor.has_seen_all(now - swept_at):
                self._sweeper.skip()
            swept_at = now
            if self._store.healthy and self._leases.healthy:
                await self._sweeper.run(
                    self._leases.signaling(now),
                    now,
                    can_detect_failures=self._monitor.can_detect_failures,
                )

    async def _publish_revisions(self) -> None:
        """Publishes each room's revision, so that every replica detects missed changes."""
        while True:
            await asyncio.sleep(REVISIONS_INTERVAL * random.uniform(0.8, 1.2))  # noqa: S311
            if not self._store.healthy:
                continue
            revisions = list(self._store.rooms.revisions().items())
            try:
                # Also without rooms: the event contains the identity of the store.
                for start in range(0, max(len(revisions), 1), REVISIONS_PER_EVENT):
                    part = dict(revisions[start : start + REVISIONS_PER_EVENT])
                    event = RoomRevisions(
                        revisions=part,
                        store=self._store.identity,
                        sequence=self._store.sequence,
                        rejoined=self._pinger.rejoined,
                    )
                    await self._bus.publish(subjects.REVISIONS, event)
            except HubbubError as error:
                _log.debug("revisions were not published", error=error.message)

    async def _publish_quotas(self) -> None:
        """Publishes the limits of tenants, and what those use that come near."""
        while True:
            await asyncio.sleep(QUOTAS_INTERVAL)
            try:
                await self._bus.publish(subjects.TENANT_QUOTAS, self._tenant_limits.quotas(self._nodes.heartbeats()))
            except HubbubError as error:
                _log.debug("the quotas of tenants were not published", error=error.message)
