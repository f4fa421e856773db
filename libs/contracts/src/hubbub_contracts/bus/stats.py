"""Statistics of the whole cluster."""

from __future__ import annotations

from typing import ClassVar

from ..base import Model, RegistryRequest
from ..types import Count, NodeId


class WorkerCount(Model):
    """One worker of one node."""

    node_id: NodeId
    index: Count
    """The worker's number on its node, from 0."""
    rooms: Count
    peers: Count
    load: float
    """The CPU time of the worker's thread, as a fraction of one core (0 to 1)."""


class ClusterStats(Model):
    """Rooms with peers, peers and producers as in the registry; transports and consumers as the nodes report them."""

    rooms: Count
    peers: Count
    audience: Count = 0
    producers: Count
    transports: Count
    consumers: Count
    nodes: Count
    workers: list[WorkerCount]


class GetStats(RegistryRequest[ClusterStats]):
    """Asks the registry for the statistics."""

    verb: ClassVar[str] = "stats.get"
