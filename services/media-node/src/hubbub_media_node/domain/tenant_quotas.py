"""Limits on what all rooms of a tenant use, on all nodes.

Rules
- The registry announces the limits and, for tenants that use much of them, what the last heartbeats of all nodes say.
  What changed on this node since then is known here and added, so only changes of other nodes are missing.
- A node that hears nothing from the registry goes on with the last limits, and counts its own rooms only.
- A peer that moves to another node has its objects twice for a while: those that it leaves are not counted. Neither is
  what it has on a standby.
- Bitrates are known a second late, so a tenant may exceed that limit for a moment. What is sent already goes on; new
  tracks are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hubbub_contracts.bus.tenant import TenantQuotas, TenantUsage
from hubbub_contracts.errors import Limit, QuotaExceeded

from .entities import tenant_of
from .entity_store import EntityStore, TenantCount

MAX_AGE = 5.0
"""Seconds after which the usage on other nodes is no longer believed."""


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What a tenant used on other nodes at the last announcement; negative where this node closed something."""

    transports: int = 0
    consumers: int = 0
    incoming_bitrate: int = 0


_NOTHING = _Elsewhere()


class NodeTenantQuotas:
    """Checks requests of this node. Each check raises `quota_exceeded`; `now` is in monotonic seconds."""

    def __init__(self, entities: EntityStore) -> None:
        self._entities = entities
        self._quotas: TenantQuotas | None = None
        self._elsewhere: dict[str | None, _Elsewhere] = {}
        self._bitrates: Mapping[str | None, int] = {}
        self._heard = 0.0

    @property
    def measures_bitrates(self) -> bool:
        """Whether the bitrates of tenants are limited."""
        return self._quotas is not None and self._quotas.max_incoming_bitrate is not None

    def announced(self, quotas: TenantQuotas, now: float) -> None:
        """Remembers what a registry announces."""
        self._quotas, self._heard = quotas, now
        self._elsewhere = {
            usage.tenant: _Elsewhere(
                usage.transports - own.transports,
                usage.consumers - own.consumers,
                usage.incoming_bitrate - self._bitrates.get(usage.tenant, 0),
            )
            for usage in quotas.usage
            for own in (self._counted(usage.tenant),)
        }

    def measured(self, bitrates: Mapping[str | None, int]) -> None:
        """Remembers what each tenant with rooms here sends, in bit/s."""
        self._bitrates = bitrates

    def usage(self) -> tuple[TenantUsage, ...]:
        """What each tenant uses here, for the heartbeat. Empty without limits."""
        if self._quotas is None:
            return ()
        elsewhere = self._entities.counted_elsewhere()
        return tuple(
            TenantUsage(
                tenant=tenant,
                transports=own.transports,
                consumers=own.consumers,
                incoming_bitrate=self._bitrates.get(tenant, 0),
            )
            for tenant, own in ((tenant, self._counted(tenant, elsewhere)) for tenant in self._entities.tenants)
        )

    def check_transports(self, room_id: str, now: float) -> None:
        """Checks whether the tenant of a room may have another transport."""
        if self._quotas is not None:
            tenant = tenant_of(room_id)
            used = self._counted(tenant).transports
            elsewhere = self._on_other_nodes(tenant, now).transports
            _check(used, elsewhere, self._quotas.max_transports, "transportsOfTenant", "transports")

    def check_consumers(self, room_id: str, now: float) -> None:
        """Checks whether the tenant of a room may have another consumer."""
        if self._quotas is not None:
            tenant = tenant_of(room_id)
            used = self._counted(tenant).consumers
            elsewhere = self._on_other_nodes(tenant, now).consumers
            _check(used, elsewhere, self._quotas.max_consumers, "consumersOfTenant", "consumers")

    def check_incoming_bitrate(self, room_id: str, now: float) -> None:
        """Checks whether the tenant of a room may send another track."""
        if self._quotas is not None:
            tenant = tenant_of(room_id)
            used = self._bitrates.get(tenant, 0)
            elsewhere = self._on_other_nodes(tenant, now).incoming_bitrate
            limit = self._quotas.max_incoming_bitrate
            _check(used, elsewhere, limit, "incomingBitrateOfTenant", "bit/s that it sends")

    def _counted(self, tenant: str | None, elsewhere: Mapping[str | None, TenantCount] | None = None) -> TenantCount:
        own = self._entities.of_tenant(tenant)
        counts = self._entities.counted_elsewhere() if elsewhere is None else elsewhere
        excluded = counts.get(tenant, TenantCount())
        return TenantCount(own.transports - excluded.transports, own.consumers - excluded.consumers)

    def _on_other_nodes(self, tenant: str | None, now: float) -> _Elsewhere:
        return self._elsewhere.get(tenant, _NOTHING) if now - self._heard <= MAX_AGE else _NOTHING


def _check(here: int, elsewhere: int, limit: int | None, name: Limit, kind: str) -> None:
    if limit is not None and max(here, here + elsewhere) >= limit:
        raise QuotaExceeded(name, f"this tenant has reached the limit of {limit} {kind}")
