"""How loaded a media node is, by its heartbeat.

The load is the mean CPU time of the workers' threads or, where the node says what it can carry, what it carries as a
fraction of that: packets in both directions, bits in the busier one. The largest of these counts. Links to other nodes
are part of all of them.
"""

from __future__ import annotations

from hubbub_contracts.bus.node import NodeHeartbeat


def measured_load(heartbeat: NodeHeartbeat) -> float:
    """Returns the load: 0 is idle, 1 is all that the node can carry."""
    workers = heartbeat.workers
    load = sum(worker.cpu for worker in workers) / max(1, len(workers))
    if (most := heartbeat.max_packets_per_second) is not None:
        load = max(load, sum(worker.packets_per_second for worker in workers) / most)
    if (most := heartbeat.max_bits_per_second) is not None:
        received = sum(worker.bits_received_per_second for worker in workers)
        sent = sum(worker.bits_sent_per_second for worker in workers)
        load = max(load, received / most, sent / most)
    return load
