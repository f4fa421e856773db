"""The media nodes of an installation, as the registry knows them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..base import Model, RegistryRequest
from ..open_enum import OpenEnum
from ..types import Count, Epoch, NodeId, Region
from .node import WorkerLoad

NodeState = Annotated[Literal["starting", "accepting", "draining", "suspect", "dead", "other"], OpenEnum()]
"""What a node does, as a registry replica sees it."""


class NodeInfo(Model):
    """A media node."""

    node_id: NodeId
    """Its name: `NODE_ID`, or random."""
    epoch: Epoch
    """Its incarnation: another one after each start."""
    state: NodeState
    """`starting`: no heartbeat yet. `accepting`: takes rooms. `draining`: shuts down, and takes no new rooms.
    `suspect`: a heartbeat or the lease is missing. `dead`: fenced, or about to be; listed for an hour, or until the
    node is back."""
    rooms: Count
    """Rooms with their home on it, or with peers there."""
    peers: Count
    """Peers that are placed on it, hidden ones included."""
    workers: list[WorkerLoad]
    """As its last heartbeat said; none of a node that is starting or dead."""
    load: float | None = None
    """Its measured load, 1 being all that it can carry: the mean CPU time of its workers, or more where its
    `MAX_NODE_BITRATE` or `MAX_NODE_PACKETS` are nearer. Absent while it is starting or dead."""
    region: Region | None = None
    """Its `REGION`; absent when it has none, and while it is starting or dead."""
    drain_deadline: int | None = None
    """Until when, in Unix milliseconds, a node that drains waits at most for its peers to leave it. Absent: it does not
    drain, or not wait."""


class NodeList(Model):
    """All media nodes."""

    nodes: list[NodeInfo]
    """In the order of their names."""


class ListNodes(RegistryRequest[NodeList]):
    """Lists the media nodes."""

    verb: ClassVar[str] = "node.list"
    chunked: ClassVar[bool] = True
