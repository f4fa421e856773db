"""The core's counters of a transport that may be closing."""

from __future__ import annotations

import contextlib
from typing import Any

from hubbub_contracts.errors import HubbubError
from hubbub_media_core.commands import TransportStats

from ..domain.entities import Transport
from .context import NodeContext


async def read_counters(context: NodeContext, transport: Transport) -> dict[str, Any] | None:
    """None when the transport is closed meanwhile."""
    with contextlib.suppress(HubbubError):
        counters: dict[str, Any] = await context.call(transport.worker, TransportStats(transport=transport.core_id))
        return counters
    return None
