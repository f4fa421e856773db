"""The lease of this node: it proves that the node is alive, and its epoch identifies an incarnation."""

from __future__ import annotations

import asyncio

from hubbub_bus import Bus, Lease, LeaseLoss
from hubbub_contracts import subjects
from hubbub_contracts.bus.records import Placement


class BusNodeLease:
    """Implements `domain.ports.NodeLease`."""

    def __init__(self, bus: Bus, node_id: str) -> None:
        self._node_id = node_id
        self._fenced = asyncio.Event()
        self._lease = Lease(bus, subjects.node_lease(node_id), node_id, on_lost=self._on_lost)
        self._released = False

    @property
    def placement(self) -> Placement:
        """The current incarnation. Raises RuntimeError before the first `acquire`."""
        return Placement(node_id=self._node_id, epoch=self._lease.epoch)

    def accepts_work(self) -> bool:
        """The lease is held and was not released. Thread-safe."""
        return not self._released and self._lease.held

    @property
    def is_fresh(self) -> bool:
        """The store has recently acknowledged a renewal, so it accepts writes."""
        return self._lease.is_fresh

    async def acquire(self) -> Placement:
        """Acquires the lease with a new epoch. Retries until the store answers."""
        self._fenced.clear()
        await self._lease.acquire()
        return self.placement

    async def wait_until_fenced(self) -> None:
        """Returns when the registry has fenced this incarnation, or another process has taken the lease."""
        await self._fenced.wait()

    async def release(self) -> None:
        """Releases the lease, so that the registry places the peers on other nodes at once."""
        self._released = True
        await self._lease.release()

    def _on_lost(self, loss: LeaseLoss) -> None:
        # A lapsed lease is regained with the same epoch: the incarnation goes on.
        if loss == "fenced":
            self._fenced.set()
