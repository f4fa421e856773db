"""Counts of the whole cluster."""

from __future__ import annotations

from typing import ClassVar

from ..base import Model, Request
from ..types import Count, NodeId


class WorkerCount(Model):
    """One worker of one node."""

    node_id: NodeId
    index: Count
    rooms: Count
    peers: Count
    load: float


class ClusterStats(Model):
    """Rooms with peers, peers and producers as the registry knows them; transports and consumers as the nodes say."""

    rooms: Count
    peers: Count
    producers: Count
    transports: Count
    consumers: Count
    nodes: Count
    workers: list[WorkerCount]


class GetStats(Request[ClusterStats]):
    """Asks the registry for the counts."""

    verb: ClassVar[str] = "stats.get"
