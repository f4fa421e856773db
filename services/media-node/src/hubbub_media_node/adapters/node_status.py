"""The state that the main loop shares with the heartbeat thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..domain.entity_store import EntityStore
from ..domain.worker_occupancy import WorkerOccupancy, count_occupancy

_INTERVAL = 0.2
"""Seconds between two updates of the occupancy."""


@dataclass(slots=True)
class NodeStatus:
    """Written by the main loop, read by the heartbeat thread; each field is replaced as a whole."""

    accepts_work: Callable[[], bool]
    occupancy: Sequence[WorkerOccupancy]
    """Of each worker, by index."""
    epoch: int | None = None
    """Of the current incarnation; None while there is none."""
    draining: bool = False

    async def update_periodically(self, entities: EntityStore) -> None:
        """Updates the occupancy until cancelled."""
        while True:
            self.occupancy = count_occupancy(entities, len(self.occupancy))
            await asyncio.sleep(_INTERVAL)
