"""What the rooms of a tenant may use on all media nodes, and what they use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.tenant import TenantQuotas, TenantUsage


@dataclass(frozen=True, slots=True)
class TenantMediaLimits:
    """The largest of each that all rooms of a tenant may have. None: unlimited. The media nodes check it."""

    transports: int | None = None
    consumers: int | None = None
    incoming_bitrate: int | None = None
    """bit/s."""

    @property
    def any(self) -> bool:
        """Whether one is set."""
        return any(limit is not None for limit in (self.transports, self.consumers, self.incoming_bitrate))

    def quotas(self, heartbeats: Iterable[NodeHeartbeat]) -> TenantQuotas:
        """The announcement to the nodes, from the last heartbeats of those that live."""
        usage = _sums(heartbeats)
        return TenantQuotas(
            max_transports=self.transports,
            max_consumers=self.consumers,
            max_incoming_bitrate=self.incoming_bitrate,
            usage=[each for each in usage if self._uses_much(each)],
        )

    def _uses_much(self, usage: TenantUsage) -> bool:
        """Whether a tenant uses at least half of a limit."""
        return any(
            limit is not None and 2 * used >= limit
            for used, limit in (
                (usage.transports, self.transports),
                (usage.consumers, self.consumers),
                (usage.incoming_bitrate, self.incoming_bitrate),
            )
        )


def _sums(heartbeats: Iterable[NodeHeartbeat]) -> list[TenantUsage]:
    sums: dict[str | None, TenantUsage] = {}
    for heartbeat in heartbeats:
        for usage in heartbeat.tenants:
            known = sums.get(usage.tenant)
            sums[usage.tenant] = usage if known is None else _add(known, usage)
    return list(sums.values())


def _add(one: TenantUsage, other: TenantUsage) -> TenantUsage:
    return TenantUsage(
        tenant=one.tenant,
        transports=one.transports + other.transports,
        consumers=one.consumers + other.consumers,
        incoming_bitrate=one.incoming_bitrate + other.incoming_bitrate,
    )
