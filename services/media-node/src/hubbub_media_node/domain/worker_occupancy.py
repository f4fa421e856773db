"""The number of rooms, peers and pipes on each worker. A room with routers on several workers counts on each."""

from __future__ import annotations

from dataclasses import dataclass

from .entity_store import EntityStore


@dataclass(frozen=True, slots=True)
class WorkerOccupancy:
    """Rooms and peers on one worker, and pipes to it."""

    rooms: int = 0
    peers: int = 0
    pipes: int = 0


def count_occupancy(entities: EntityStore, workers: int) -> tuple[WorkerOccupancy, ...]:
    """The occupancy of each of `workers` workers, by index."""
    rooms, peers = [0] * workers, [0] * workers
    for room in entities.rooms.values():
        for router in room.routers.values():
            rooms[router.worker] += 1
            peers[router.worker] += len(router.peer_ids())
    return tuple(
        WorkerOccupancy(*counts) for counts in zip(rooms, peers, entities.pipes.per_worker(workers), strict=True)
    )
