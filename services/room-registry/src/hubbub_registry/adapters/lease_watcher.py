"""Follows the bucket of leases."""

from __future__ import annotations

import time
from collections.abc import Callable

from hubbub_bus import Bus, Entry, View, fence, lease_bucket, parse_lease
from hubbub_contracts import subjects
from hubbub_contracts.bus.lease import LeaseRecord

from ..domain.clusters import Clusters
from ..domain.nodes import Nodes
from .clock_monitor import ClockMonitor

_NODE = subjects.node_lease("")
_SIGNALING = subjects.signaling_lease("")


class LeaseWatcher:
    """Applies the nodes' leases to `nodes`, and knows the leases of signaling instances."""

    def __init__(
        self,
        bus: Bus,
        nodes: Nodes,
        clocks: ClockMonitor,
        on_change: Callable[[], None],
        clusters: Clusters,
        replicas: int = 1,
    ) -> None:
        """`on_change` is called when a room may have to move."""
        self._store = lease_bucket(bus, replicas)
        self._view = View(bus, self._store, self._apply, owns_bucket=True)
        self._nodes = nodes
        self._clocks = clocks
        self._on_change = on_change
        self._clusters = clusters
        self._signaling: dict[str, LeaseRecord] = {}
        self._lapsed: dict[str, LeaseRecord] = {}
        """The last leases of instances that did not renew them in time."""

    @property
    def healthy(self) -> bool:
        """The view is complete and current."""
        return self._view.healthy

    def signaling(self, now: float) -> dict[str, int]:
        """Returns the epoch of each instance's lease, also of those that could not be renewed because a link is cut."""
        excused = {name: each for name, each in self._lapsed.items() if self._clusters.excuses(each.cluster, now)}
        self._lapsed = excused
        return {name: each.epoch for name, each in {**excused, **self._signaling}.items() if each.epoch is not None}

    def start(self) -> None:
        """Starts following the bucket, and creates it when it does not exist."""
        self._view.start()

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()

    async def complete(self) -> None:
        """Waits without a limit until all leases are known."""
        await self._view.wait_healthy(None)

    async def fence(self, node_id: str, epoch: int) -> bool:
        """Fences an incarnation; returns whether this replica's write did it. Raises HubbubError."""
        return await fence(self._store, subjects.node_lease(node_id), epoch)

    def _apply(self, entry: Entry, before: Entry | None) -> None:
        lease = parse_lease(entry)
        if entry.key.startswith(_SIGNALING):
            if lease is not None and lease.written_at is not None and before is not None:
                # The first lease that this replica sees may be old; a renewal has just been written.
                self._clocks.received(entry.key, lease.written_at)
            instance = entry.key.removeprefix(_SIGNALING)
            former = self._signaling.pop(instance, None)
            self._lapsed.pop(instance, None)
            if lease is not None and not lease.fenced:
                self._signaling[instance] = lease
                self._clusters.expect(lease.cluster, time.monotonic())
            elif entry.expired and former is not None:
                self._lapsed[instance] = former
        elif entry.key.startswith(_NODE):
            node_id, now = entry.key.removeprefix(_NODE), time.monotonic()
            if lease is not None:
                changed = self._nodes.lease_written(node_id, lease, now)
            else:
                changed = self._nodes.lease_removed(node_id, now, released=entry.reason == "released")
            if changed:
                self._on_change()
