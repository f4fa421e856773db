"""Counts of the cluster: rooms and peers from the records, the rest from the nodes' last beats."""

from __future__ import annotations

from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.stats import ClusterStats, GetStats, WorkerCount
from hubbub_registry.domain.liveness import State
from hubbub_registry.domain.nodes import Nodes
from hubbub_registry.handlers.store import RoomStore


class StatsHandler:
    """Answers `stats.get`."""

    def __init__(self, store: RoomStore, nodes: Nodes) -> None:
        self._store = store
        self._nodes = nodes

    async def get(self, _message: GetStats) -> ClusterStats:
        """Raises `unavailable` while this replica may not answer."""
        await self._store.ready()
        peers = [peer.record for _, room in self._store.rooms if room.settings for peer in room.peers.values()]
        beats = [life.beat for life in self._nodes.lives if life.state is State.ALIVE and life.beat is not None]
        workers = [worker for beat in beats for worker in beat.workers]
        return ClusterStats(
            rooms=sum(1 for _, room in self._store.rooms if room.settings and room.peers),
            peers=len(peers),
            producers=sum(len(peer.producers) for peer in peers),
            transports=sum(worker.transports for worker in workers),
            consumers=sum(worker.consumers for worker in workers),
            nodes=len(beats),
            workers=[count for beat in beats for count in _counts(beat)],
        )


def _counts(beat: NodeHeartbeat) -> list[WorkerCount]:
    return [
        WorkerCount(node_id=beat.node_id, index=worker.index, rooms=worker.rooms, peers=worker.peers, load=worker.cpu)
        for worker in beat.workers
    ]
