"""`node.list`."""

from __future__ import annotations

from hubbub_contracts.bus.node_list import ListNodes, NodeList

from ..domain.node_list import list_nodes as list_known
from .context import RegistryContext


async def list_nodes(context: RegistryContext, _request: ListNodes) -> NodeList:
    """Returns the media nodes. Raises `unavailable`."""
    await context.store.ready()
    return NodeList(nodes=list_known(context.nodes, context.store.rooms))
