"""The state that the main loop shares with the heartbeat thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hubbub_contracts.bus.tenant import TenantUsage

from ..domain.entity_store import EntityStore
from ..domain.tenant_quotas import NodeTenantQuotas
from ..domain.worker_occupancy import WorkerOccupancy, count_occupancy

_INTERVAL = 0.2
"""Seconds between two updates of what is counted."""


@dataclass(slots=True)
class NodeStatus:
    """Written by the main loop, read by the heartbeat thread; each field is replaced as a whole."""

    accepts_work: Callable[[], bool]
    occupancy: Sequence[WorkerOccupancy]
    """Of each worker, by index."""
    epoch: int | None = None
    """Of the current incarnation; None while there is none."""
    draining: bool = False
    drain_deadline: int | None = None
    """When it ends at the latest, in Unix milliseconds; None while peers are not asked to leave."""
    links: Mapping[str, int] = field(default_factory=lambda: {"connected": 0, "relayed": 0, "lost": 0})
    """The number of links to other nodes in each state."""
    remote_producers: Mapping[str, int] = field(default_factory=dict)
    """The number of producers that each other node sends to this one, by its id."""
    tenants: Sequence[TenantUsage] = ()
    """What each tenant uses."""

    async def update_periodically(self, entities: EntityStore, quotas: NodeTenantQuotas) -> None:
        """Updates what is counted until cancelled."""
        while True:
            self.occupancy = count_occupancy(entities, len(self.occupancy))
            self.links = entities.count_links()
            self.remote_producers = entities.count_remote_producers()
            self.tenants = quotas.usage()
            await asyncio.sleep(_INTERVAL)
