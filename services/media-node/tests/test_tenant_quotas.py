"""The limits on what all rooms of a tenant use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from hubbub_contracts import HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.records import Leaving, PeerRecord, Placement, Standby
from hubbub_contracts.bus.tenant import TenantQuotas, TenantUsage
from hubbub_media_core import commands
from hubbub_media_node.domain.bitrate_meter import BitrateMeter
from hubbub_media_node.domain.entities import Room, WebRtcTransport
from hubbub_media_node.domain.tenant_quotas import MAX_AGE, NodeTenantQuotas
from hubbub_media_node.handlers import tenant_bitrates, transport
from hubbub_room import PeerChanged
from support.node_fakes import PLACEMENT, ROOM, NodeRig, transport_request

ACME, OTHER = ids.room_id("standup", "acme"), ids.room_id("standup", "other")


async def create(rig: NodeRig, room_id: str, transport_id: str) -> WebRtcTransport:
    """Creates a transport through its handler."""
    request = transport_request("alice", "send", transport_id).model_copy(
        update={"room_id": room_id, "peer_id": transport_id}
    )
    await transport.create(rig.context, request)
    created = rig.context.entities.transports[transport_id]
    assert isinstance(created, WebRtcTransport)
    return created


def exceeds(quotas: NodeTenantQuotas, room_id: str, now: float = 0.0) -> bool:
    """Whether the tenant may have no other transport."""
    try:
        quotas.check_transports(room_id, now)
    except QuotaExceeded:
        return True
    return False


async def test_without_announced_limits_nothing_is_refused_or_counted() -> None:
    rig = NodeRig()
    await create(rig, ACME, "one")
    assert rig.context.quotas.usage() == ()
    assert not exceeds(rig.context.quotas, ACME)


async def test_transports_of_a_tenant_are_counted_over_its_rooms_and_freed() -> None:
    rig = NodeRig()
    quotas = rig.context.quotas
    quotas.announced(TenantQuotas(max_transports=2), 1e9)
    first = await create(rig, ACME, "one")
    await create(rig, ids.room_id("review", "acme"), "two")
    with pytest.raises(HubbubError) as refused:
        await create(rig, ACME, "three")
    assert (refused.value.code, refused.value.limit) == ("quota_exceeded", "transportsOfTenant")
    await create(rig, OTHER, "four")
    assert {(each.tenant, each.transports) for each in quotas.usage()} == {("acme", 2), ("other", 1)}
    rig.context.entities.remove_transport(first)
    rig.context.entities.remove_transport(first)
    await create(rig, ACME, "five")
    with pytest.raises(QuotaExceeded):
        await create(rig, ACME, "six")


async def test_other_nodes_count_until_nothing_is_heard_any_more() -> None:
    rig = NodeRig()
    quotas, entities = rig.context.quotas, rig.context.entities
    await create(rig, ACME, "one")
    usage = TenantUsage(tenant="acme", transports=4, consumers=0)
    quotas.announced(TenantQuotas(max_transports=5, usage=[usage]), 100.0)
    assert not exceeds(quotas, ACME, 100.0)
    created = await create(rig, ACME, "two")  # 3 elsewhere and 2 here
    assert exceeds(quotas, ACME, 100.0)
    assert exceeds(quotas, ACME, 100.0 + MAX_AGE)
    assert not exceeds(quotas, ACME, 101.0 + MAX_AGE)
    entities.remove_transport(created)
    assert not exceeds(quotas, ACME, 100.0)
    quotas.announced(TenantQuotas(max_transports=5), 200.0)
    assert not exceeds(quotas, ACME, 200.0)


async def test_an_announcement_older_than_what_was_created_here_hides_nothing() -> None:
    rig = NodeRig()
    for name in ("one", "two"):
        await create(rig, ACME, name)
    quotas = rig.context.quotas
    quotas.announced(
        TenantQuotas(max_transports=2, usage=[TenantUsage(tenant="acme", transports=1, consumers=0)]), 100.0
    )
    assert exceeds(quotas, ACME, 100.0)


def test_consumers_and_bitrate_name_their_limits() -> None:
    rig = NodeRig()
    quotas = rig.context.quotas
    usage = [TenantUsage(tenant="acme", transports=0, consumers=3, incoming_bitrate=900)]
    quotas.announced(TenantQuotas(max_consumers=3, max_incoming_bitrate=1_000, usage=usage), 100.0)
    with pytest.raises(QuotaExceeded) as consumers:
        quotas.check_consumers(ACME, 100.0)
    assert consumers.value.limit == "consumersOfTenant"
    quotas.check_incoming_bitrate(ACME, 100.0)
    quotas.measured({"acme": 100})
    with pytest.raises(QuotaExceeded) as bitrate:
        quotas.check_incoming_bitrate(ACME, 100.0)
    assert bitrate.value.limit == "incomingBitrateOfTenant"
    quotas.check_consumers(OTHER, 100.0)
    quotas.check_incoming_bitrate(ROOM, 100.0)


def test_bitrates_are_those_since_the_last_sample() -> None:
    meter = BitrateMeter()
    assert meter.rates(10.0, {1: ("acme", 5_000)}) == {}
    assert meter.rates(12.0, {1: ("acme", 6_000), 2: ("acme", 500), 3: (None, 250)}) == {"acme": 6_000, None: 1_000}
    assert meter.rates(13.0, {2: ("acme", 500)}) == {"acme": 0}


async def test_a_room_id_that_no_version_wrote_has_no_tenant() -> None:
    rig = NodeRig()
    room = (await create(rig, "_not-a-tenant", "one")).room
    assert isinstance(room, Room)
    assert room.tenant is None


async def test_what_was_sent_before_bitrates_are_limited_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = NodeRig()
    await create(rig, ACME, "one")
    rig.core.replies[commands.TransportStats] = {"bytes_received": 50_000_000}
    monkeypatch.setattr(tenant_bitrates, "INTERVAL", 0.001)
    quotas = rig.context.quotas
    measured: list[Mapping[str | None, int]] = []
    monkeypatch.setattr(quotas, "measured", measured.append)
    task = asyncio.create_task(tenant_bitrates.measure_periodically(rig.context))
    async with asyncio.timeout(10):
        while len(measured) < 2:
            await asyncio.sleep(0.001)
        quotas.announced(TenantQuotas(max_incoming_bitrate=1_000), 0.0)
        while not any("acme" in each for each in measured):
            await asyncio.sleep(0.001)
    task.cancel()
    assert all(each.get("acme", 0) == 0 for each in measured)


@pytest.mark.parametrize(
    "elsewhere",
    [{"leaving": Leaving(placement=PLACEMENT, deadline=0)}, {"standby": Standby(placement=PLACEMENT)}],
    ids=["moves", "standby"],
)
async def test_what_a_peer_has_on_a_second_node_is_counted_on_the_first(elsewhere: dict[str, Any]) -> None:
    rig = NodeRig()
    quotas = rig.context.quotas
    quotas.announced(TenantQuotas(max_transports=2), 1e9)
    await create(rig, ACME, "one")
    await create(rig, ACME, "two")
    assert exceeds(quotas, ACME)
    record = PeerRecord(
        room_id=ACME,
        peer_id="one",
        user_id="user",
        display_name="",
        app_data={},
        joined_at=0,
        signaling_id="signaling",
        placement=Placement(node_id="elsewhere", epoch=1),
        **elsewhere,
    )
    rig.replicas.projections[ACME].apply(PeerChanged(1, "one", record, ""))
    assert not exceeds(quotas, ACME)
    assert [(each.tenant, each.transports) for each in quotas.usage()] == [("acme", 1)]
    rig.core.replies = {commands.TransportStats: {"bytes_received": 1}}
    assert len(await tenant_bitrates._sample(rig.context)) == 1
