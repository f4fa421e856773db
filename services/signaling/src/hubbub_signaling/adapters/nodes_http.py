"""The HTTP routes about media nodes."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request

from hubbub_contracts import Model
from hubbub_contracts.bus.node_list import ListNodes, NodeList
from hubbub_contracts.rest.nodes import DRAIN_NODE, LIST_NODES, DrainedNode
from hubbub_contracts.types import Epoch, NodeId

from ..domain.authorization import Grant, require, require_installation
from ..domain.ports import Backend
from ..handlers import nodes
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import serve

_WORKER: dict[str, Any] = {
    "index": 0,
    "cpu": 0.12,
    "packetsPerSecond": 4310.0,
    "rooms": 3,
    "peers": 14,
    "transports": 28,
    "producers": 20,
    "consumers": 52,
}
_EXAMPLES: Mapping[type[Model], dict[str, Any]] = {
    NodeList: {
        "nodes": [
            {
                "nodeId": "node-1",
                "epoch": 7,
                "state": "accepting",
                "rooms": 3,
                "peers": 14,
                "workers": [_WORKER],
                "region": "eu-west",
            },
            {"nodeId": "node-2", "epoch": 5, "state": "dead", "rooms": 0, "peers": 0, "workers": []},
        ]
    },
    DrainedNode: {"nodeId": "node-1", "epoch": 7},
}


class NodesApi:
    """The routes, with their access rule and limits.

    With access tokens, a client needs the grant `admin` for all tenants. Without, it needs the API key, or has to be on
    this machine.
    """

    def __init__(self, backend: Backend, identification: Identification, limits: HttpLimits) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _admin(self, request: Request) -> None:
        identity = self._limits.identify(request, self._identification.identify_without_user)
        require(identity, Grant.ADMIN)
        require_installation(identity)

    def _router(self) -> APIRouter:
        router = APIRouter(tags=["nodes"])

        @serve(router, _EXAMPLES, LIST_NODES, names_user=False)
        async def list_nodes(_admin: Annotated[None, Depends(self._admin)]) -> NodeList:
            return await self._backend.registry(ListNodes())

        @serve(router, _EXAMPLES, DRAIN_NODE, names_user=False)
        async def drain_node(
            _admin: Annotated[None, Depends(self._admin)],
            node_id: Annotated[NodeId, Path(alias="nodeId")],
            epoch: Annotated[Epoch | None, Query()] = None,
        ) -> DrainedNode:
            return await nodes.drain(self._backend, node_id, epoch)

        return router
