"""The values of the `leases` bucket."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..base import Model
from ..types import Epoch, Id, NodeId


class LeaseRecord(Model):
    """The value of a lease's key. The epoch of a lease is the stream sequence of the write that acquired it."""

    holder: NodeId
    """The node or signaling instance that holds the lease."""
    instance: Id
    """Random for each acquisition. A holder recognises its own write by it."""
    epoch: Epoch | None = None
    """Absent in the acquiring write, which cannot know its own sequence."""
    written_at: int | None = None
    """Unix milliseconds of the holder's clock at this write; absent in fences and in leases of older versions."""
    cluster: str | None = None
    """The NATS cluster to which the holder is connected, such as the leaf node of its region. Absent without one."""
    fenced: bool = False
    """The registry fenced the lease because its holder seemed dead. The holder must stop, even if it still runs."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Data that the holder publishes about itself."""
