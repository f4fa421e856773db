"""`stats.get`: rooms and peers are counted in the records, the rest is summed over the nodes' last heartbeats."""

from __future__ import annotations

from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.stats import ClusterStats, GetStats, WorkerCount

from .context import RegistryContext


async def get(context: RegistryContext, _request: GetStats) -> ClusterStats:
    """Returns the counts of the cluster. Raises `unavailable`."""
    await context.store.ready()
    counts = context.store.rooms.counts()
    heartbeats = context.nodes.heartbeats()
    workers = [worker for heartbeat in heartbeats for worker in heartbeat.workers]
    return ClusterStats(
        rooms=counts.rooms,
        peers=counts.peers,
        audience=counts.audience,
        producers=counts.producers.total(),
        transports=sum(worker.transports for worker in workers),
        consumers=sum(worker.consumers for worker in workers),
        nodes=len(heartbeats),
        workers=[count for heartbeat in heartbeats for count in _worker_counts(heartbeat)],
    )


def _worker_counts(heartbeat: NodeHeartbeat) -> list[WorkerCount]:
    return [
        WorkerCount(
            node_id=heartbeat.node_id, index=worker.index, rooms=worker.rooms, peers=worker.peers, load=worker.cpu
        )
        for worker in heartbeat.workers
    ]
