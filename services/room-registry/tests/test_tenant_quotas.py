"""What the registry announces of tenants."""

from __future__ import annotations

from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.tenant import TenantQuotas, TenantUsage
from hubbub_registry.domain.tenant_quotas import TenantMediaLimits


def heartbeat(node_id: str, *usage: TenantUsage) -> NodeHeartbeat:
    return NodeHeartbeat(
        node_id=node_id, epoch=1, sent_at=0, draining=False, leased=True, workers=[], tenants=list(usage)
    )


def test_usage_is_summed_over_the_nodes() -> None:
    limits = TenantMediaLimits(transports=10, incoming_bitrate=1_000)
    one = TenantUsage(tenant="acme", transports=3, consumers=7, incoming_bitrate=100)
    two = TenantUsage(tenant="acme", transports=2, consumers=1, incoming_bitrate=200)
    quotas = limits.quotas([heartbeat("a", one), heartbeat("b", two), heartbeat("c")])
    total = TenantUsage(tenant="acme", transports=5, consumers=8, incoming_bitrate=300)
    assert quotas == TenantQuotas(max_transports=10, max_incoming_bitrate=1_000, usage=[total])


def test_tenants_below_half_of_each_limit_are_left_out() -> None:
    limits = TenantMediaLimits(consumers=10)
    small, large = (TenantUsage(tenant=None, transports=99, consumers=count) for count in (4, 5))
    assert limits.quotas([heartbeat("a", small)]).usage == []
    assert limits.quotas([heartbeat("a", large)]).usage == [large]


def test_a_heartbeat_of_an_older_node_has_no_usage() -> None:
    wire = heartbeat("a").wire()
    del wire["tenants"]
    assert TenantMediaLimits(transports=1).quotas([NodeHeartbeat.model_validate(wire)]).usage == []
    assert not TenantMediaLimits().any
