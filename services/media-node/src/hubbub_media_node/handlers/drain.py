"""`drain`: an operator stops this node from elsewhere."""

from __future__ import annotations

import structlog

from hubbub_contracts.base import Done
from hubbub_contracts.bus.node import DrainNode

from .context import NodeContext

_log = structlog.get_logger(__name__)


async def drain(context: NodeContext, _request: DrainNode) -> Done:
    """Stops the node in order. The endpoint sends this reply before it ends."""
    _log.info("stopping", reason="an operator drains this node")
    context.stop()
    return Done()
