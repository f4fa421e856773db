"""The bucket of leases, followed: who is what, and which lives are over."""

from __future__ import annotations

import time
from collections.abc import Callable

from hubbub_bus import Bus, Entry, View, fence, lease_bucket, parse_lease
from hubbub_contracts import subjects
from hubbub_registry.domain.nodes import Nodes

_NODE = subjects.node_lease("")
_SIGNALING = subjects.signaling_lease("")


class LeaseBoard:
    """Feeds `nodes` with their leases, and knows the signaling instances that have one."""

    def __init__(self, bus: Bus, nodes: Nodes, on_change: Callable[[], None], replicas: int = 1) -> None:
        self._store = lease_bucket(bus, replicas)
        self._view = View(bus, self._store, self._changed)
        self._nodes = nodes
        self._on_change = on_change
        self.signaling: set[str] = set()

    @property
    def healthy(self) -> bool:
        """The view is complete, and follows."""
        return self._view.healthy

    def start(self) -> None:
        """Begins to follow; makes the bucket when there is none."""
        self._view.start()

    async def stop(self) -> None:
        """Follows no more."""
        await self._view.stop()

    async def complete(self) -> None:
        """Returns once all leases are known, however long that takes."""
        await self._view.ready(None)

    async def fence(self, node_id: str, epoch: int) -> bool:
        """Ends this life of the node; True when this replica did it. Raises HubbubError."""
        return await fence(self._store, subjects.node_lease(node_id), epoch)

    def _changed(self, entry: Entry, _before: Entry | None) -> None:
        lease = parse_lease(entry)
        if entry.key.startswith(_SIGNALING):
            instance = entry.key.removeprefix(_SIGNALING)
            if lease is None or lease.fenced:
                self.signaling.discard(instance)
            else:
                self.signaling.add(instance)
        elif entry.key.startswith(_NODE):
            node_id, now = entry.key.removeprefix(_NODE), time.monotonic()
            if lease is not None:
                changed = self._nodes.lease_stored(node_id, lease, now)
            else:
                changed = self._nodes.lease_gone(node_id, now, released=entry.reason == "released")
            if changed:
                self._on_change()
