"""The HTTP routes about media nodes."""

from __future__ import annotations

from ..base import Model
from ..bus.node_list import NodeList
from ..types import Epoch, NodeId
from .route import Route


class DrainedNode(Model):
    """A media node that drains, or that has drained."""

    node_id: NodeId
    """Its name."""
    epoch: Epoch
    """The incarnation that ends. `GET /nodes` lists it until it has ended."""


LIST_NODES = Route(
    "GET", "/nodes", NodeList, "Lists the media nodes with their load, for an admin of the whole installation."
)
DRAIN_NODE = Route(
    "POST",
    "/nodes/{nodeId}/drain",
    DrainedNode,
    "Stops a media node as SIGTERM does, for an admin of the whole installation. It takes no new work, its peers move "
    "to other nodes, and its process exits with status 0; what supervises it usually starts it again. It waits "
    "`DRAIN_TIMEOUT` at most for peers that leave it before they lose their media. The answer comes before that. "
    "`not_found`: no such node, or it is dead.",
    query=(("epoch", "the incarnation that is meant, as `GET /nodes` lists it: nothing is done if it has ended"),),
)
NODE_ROUTES = (LIST_NODES, DRAIN_NODE)
"""The routes about media nodes."""
