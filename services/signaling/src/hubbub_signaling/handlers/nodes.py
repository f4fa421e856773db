"""What servers ask about media nodes over HTTP. The registry knows them, each stops itself."""

from __future__ import annotations

from hubbub_bus import NoResponders
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.node import DrainNode
from hubbub_contracts.bus.node_list import ListNodes, NodeInfo
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.rest.nodes import DrainedNode

from ..domain.ports import Backend


async def drain(backend: Backend, node_id: str, epoch: int | None) -> DrainedNode:
    """Has a media node stop itself. Repeating it is harmless. Returns the incarnation that ends.

    Arguments:
        epoch: the incarnation that is meant; None: the present one.

    Raises `not_found` for a node that is not known, or dead, and `unavailable` when it does not answer.
    """
    node = await _find(backend, node_id)
    if epoch is not None and (node is None or node.epoch > epoch):
        return DrainedNode(node_id=node_id, epoch=epoch)  # it has ended
    if node is None or node.state == "dead" or (epoch is not None and node.epoch < epoch):
        raise HubbubError(ErrorCode.NOT_FOUND, "no such media node, or it is dead")
    drained = DrainedNode(node_id=node_id, epoch=node.epoch)
    if node.state != "draining":
        try:
            await backend.node(Placement(node_id=node_id, epoch=node.epoch), DrainNode())
        except NoResponders as error:
            # Does it stop already? It releases its lease, and is listed no longer, before it stops answering.
            again = await _find(backend, node_id)
            if again is not None and again.epoch == node.epoch:
                raise HubbubError(ErrorCode.UNAVAILABLE, "the media node does not answer", retryable=True) from error
    return drained


async def _find(backend: Backend, node_id: str) -> NodeInfo | None:
    listed = (await backend.registry(ListNodes())).nodes
    return next((each for each in listed if each.node_id == node_id), None)
