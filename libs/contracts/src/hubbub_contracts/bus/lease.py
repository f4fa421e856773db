"""Leases: who is what, in which life. The values of the `leases` bucket."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..base import Model
from ..types import Epoch, Id, NodeId


class LeaseRecord(Model):
    """The value of a lease's key. The epoch of a lease is the sequence of the write that acquired it."""

    holder: NodeId
    instance: Id
    """One acquisition of one process: by it a holder knows its own write."""
    epoch: Epoch | None = None
    """Absent in the acquiring write itself, which cannot know its own sequence."""
    fenced: bool = False
    """Written by the registry over a lease whose holder is dead: that life is over, even if it should wake up."""
    data: dict[str, Any] = Field(default_factory=dict)
    """What the holder says of itself."""
