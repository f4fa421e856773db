"""What the rooms of a tenant use on the media nodes, and how much they may."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Event, Model
from ..types import Count, TenantId


class TenantUsage(Model):
    """What the rooms of one tenant use, on one node or on all of them."""

    tenant: TenantId | None = None
    """Absent: the tenant without a name."""
    transports: Count
    consumers: Count
    incoming_bitrate: Count = 0
    """What clients and servers sent over the last second, bit/s. 0 where it is not limited."""


class TenantQuotas(Event):
    """The limits of each tenant. Registry replicas with such limits publish it every 200 ms."""

    verb: ClassVar[str] = "tenants.quotas"
    max_transports: Count | None = None
    max_consumers: Count | None = None
    max_incoming_bitrate: Count | None = None
    """bit/s."""
    usage: list[TenantUsage] = Field(default_factory=list)
    """On all nodes, as their last heartbeats say, of each tenant that uses at least half of a limit."""
