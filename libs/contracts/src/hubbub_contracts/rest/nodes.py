"""The HTTP route about media nodes."""

from __future__ import annotations

from ..bus.node_list import NodeList
from .route import Route

LIST_NODES = Route(
    "GET", "/nodes", NodeList, "Lists the media nodes with their load, for an admin of the whole installation."
)
NODE_ROUTES = (LIST_NODES,)
"""The routes about media nodes."""
