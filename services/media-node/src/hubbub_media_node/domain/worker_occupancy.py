"""The number of rooms, peers and pipes on each worker. A room with routers on several workers counts on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hubbub_media_core.counters import WorkerCounters

from .entity_store import EntityStore
from .pipe_table import ObjectCounts

_NONE: Final = ObjectCounts()


@dataclass(frozen=True, slots=True)
class WorkerOccupancy:
    """What is on one worker."""

    rooms: int = 0
    peers: int = 0
    pipes: ObjectCounts = _NONE
    """Ends of links and pipes."""

    def of_peers(self, counters: WorkerCounters) -> ObjectCounts:
        """The peers' objects: the core counts those of pipes with them. The occupancy may be a little older."""
        return ObjectCounts(
            transports=max(0, counters["transports"] - self.pipes.transports),
            producers=max(0, counters["producers"] - self.pipes.producers),
            consumers=max(0, counters["consumers"] - self.pipes.consumers),
        )


def count_occupancy(entities: EntityStore, workers: int) -> tuple[WorkerOccupancy, ...]:
    """The occupancy of each of `workers` workers, by index."""
    rooms, peers = [0] * workers, [0] * workers
    for room in entities.rooms.values():
        for router in room.routers.values():
            rooms[router.worker] += 1
            peers[router.worker] += len(router.peer_ids())
    return tuple(
        WorkerOccupancy(rooms[worker], peers[worker], objects)
        for worker, objects in enumerate(_count_pipes(entities, workers))
    )


def _count_pipes(entities: EntityStore, workers: int) -> Iterator[ObjectCounts]:
    """The ends of links and pipes on each worker, between workers and between nodes."""
    incoming, outgoing = entities.incoming, entities.outgoing
    transports = incoming.transports_by_worker() + outgoing.transports_by_worker()
    producers, consumers = incoming.ends_by_worker(), outgoing.ends_by_worker()
    for worker, local in enumerate(entities.pipes.objects(workers)):
        yield ObjectCounts(
            local.transports + transports[worker],
            local.producers + producers[worker],
            local.consumers + consumers[worker],
        )
