"""Requests to the other media nodes, over the bus."""

from __future__ import annotations

from typing import Final

from hubbub_bus import Bus
from hubbub_contracts import subjects
from hubbub_contracts.base import NodeRequest, ReplyT
from hubbub_contracts.bus.records import Placement

TIMEOUT: Final = 1.5
"""Seconds: a client waits for what depends on the answer."""


class BusOtherNodes:
    """Implements `domain.ports.OtherNodes`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def request(self, node: Placement, message: NodeRequest[ReplyT]) -> ReplyT:
        """Sends a request to an incarnation of a node. Raises HubbubError."""
        subject = subjects.node(node.node_id, node.epoch, message.verb)
        return await self._bus.request(subject, message, timeout=TIMEOUT)
