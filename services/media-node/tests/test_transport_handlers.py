"""The transport handlers with fake ports."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import TransportConnected
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.transport import ConnectTransport, DtlsParameters, Fingerprint, RestartIce
from hubbub_media_core import commands, events
from hubbub_media_core.core import CoreErrorCode
from hubbub_media_node.domain.close_request import DTLS_FAILED
from hubbub_media_node.domain.closures import PeerEvent
from hubbub_media_node.domain.ports import DtlsRole
from hubbub_media_node.handlers import peer, transport
from hubbub_media_node.handlers.core_events import handle
from support.node_fakes import ROOM, NodeRig, transport_request

FINGERPRINT = Fingerprint(algorithm="sha-256", value=":".join(["AB"] * 32))


@pytest.fixture
def rig() -> NodeRig:
    return NodeRig()


def connect_request(role: str) -> ConnectTransport:
    parameters = DtlsParameters.model_validate({"role": role, "fingerprints": [FINGERPRINT]})
    return ConnectTransport(room_id=ROOM, peer_id="alice", transport_id="transport", dtls_parameters=parameters)


async def test_the_first_transport_creates_the_router_and_follows_the_room(rig: NodeRig) -> None:
    await rig.create_transport()
    await rig.create_transport(direction="recv", transport_id="second")
    assert len(rig.sent(commands.CreateRouter)) == 1
    assert rig.replicas.projections == {ROOM: rig.room().view}
    assert rig.telemetry.created == 2


async def test_a_description_shows_the_transports_that_were_requested_before_it(rig: NodeRig) -> None:
    creating = [
        asyncio.create_task(transport.create(rig.context, transport_request(transport_id=name)))
        for name in ("transport", "second")
    ]
    await asyncio.sleep(0)  # both are received
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="alice"))
    assert [each.transport_id for each in described.transports] == ["transport", "second"]
    await asyncio.gather(*creating)


async def test_a_node_without_a_lease_refuses_new_transports(rig: NodeRig) -> None:
    rig.lease.held = False
    with pytest.raises(HubbubError) as error:
        await rig.create_transport()
    assert (error.value.code, error.value.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert rig.core.commands == []


async def test_a_node_without_a_lease_repeats_the_reply_to_an_earlier_create(rig: NodeRig) -> None:
    created = (await rig.create_transport()).created
    rig.lease.held = False
    assert await transport.create(rig.context, transport_request()) == created


@pytest.mark.parametrize(
    ("core_error", "code", "retryable"),
    [
        ("busy", ErrorCode.UNAVAILABLE, True),
        ("closed", ErrorCode.UNAVAILABLE, True),
        ("limit_reached", ErrorCode.QUOTA_EXCEEDED, False),
        ("invalid_spec", ErrorCode.INVALID_ARGUMENT, False),
        ("internal", ErrorCode.INTERNAL, False),
    ],
)
async def test_a_transport_that_the_core_refuses_leaves_nothing_behind(
    rig: NodeRig, core_error: CoreErrorCode, code: ErrorCode, retryable: bool
) -> None:
    rig.core.errors[commands.CreateTransport] = core_error
    with pytest.raises(HubbubError) as error:
        await rig.create_transport()
    assert (error.value.code, error.value.retryable) == (code, retryable)
    assert not rig.context.entities.transports
    assert not rig.context.entities.rooms
    assert rig.dtls.on_failed == {}
    assert rig.replicas.projections == {}
    assert len(rig.sent(commands.CloseRouter)) == 1
    assert rig.telemetry.created == 0


async def test_a_router_that_the_core_refuses_leaves_no_room_behind(rig: NodeRig) -> None:
    rig.core.errors[commands.CreateRouter] = "busy"
    with pytest.raises(HubbubError) as error:
        await rig.create_transport()
    assert error.value.code is ErrorCode.UNAVAILABLE
    assert not rig.context.entities.rooms
    assert rig.replicas.projections == {}


async def test_another_codec_profile_in_the_same_room_is_a_conflict(rig: NodeRig) -> None:
    await rig.create_transport()
    request = transport_request(transport_id="second").model_copy(update={"codec_profile": "v2"})
    with pytest.raises(HubbubError) as error:
        await transport.create(rig.context, request)
    assert error.value.code is ErrorCode.CONFLICT


@pytest.mark.parametrize(("client", "server"), [("client", "server"), ("auto", "server"), ("server", "client")])
async def test_the_node_takes_the_dtls_role_opposite_to_the_clients(
    rig: NodeRig, client: str, server: DtlsRole
) -> None:
    created = await rig.create_transport()
    await transport.connect(rig.context, connect_request(client))
    assert rig.dtls.connected == [(created.core_id, server)]


async def test_a_failed_dtls_handshake_closes_the_transport(rig: NodeRig) -> None:
    created = await rig.create_transport()
    rig.dtls.on_failed[created.core_id]()
    await rig.finish_tasks()
    assert rig.sent(commands.CloseTransport) == [commands.CloseTransport(transport=created.core_id)]
    assert created.close_request is DTLS_FAILED


async def test_a_successful_dtls_handshake_is_published_to_the_peer(rig: NodeRig) -> None:
    created = await rig.create_transport()
    described = DescribePeer(room_id=ROOM, peer_id="alice")
    assert not (await peer.describe(rig.context, described)).transports[0].established
    rig.dtls.on_connected[created.core_id]()
    assert rig.publisher.events == [PeerEvent(ROOM, "alice", TransportConnected(transport_id="transport"))]
    assert rig.telemetry.connected == 1
    assert (await peer.describe(rig.context, described)).transports[0].established


async def test_a_handshake_that_succeeds_after_the_close_is_not_published(rig: NodeRig) -> None:
    created = await rig.create_transport()
    handshake_done = rig.dtls.on_connected[created.core_id]
    handle(rig.context, 0, events.TransportClosed(created.core_id, "handshake_timeout"))
    rig.publisher.events.clear()
    handshake_done()
    assert rig.publisher.events == []


async def test_a_description_has_the_username_fragment_of_the_last_ice_restart(rig: NodeRig) -> None:
    created = await rig.create_transport()

    async def described() -> str | None:
        description = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="alice"))
        return description.transports[0].ice_username_fragment

    assert await described() == created.created.ice_parameters.username_fragment
    restarted = await transport.restart_ice(
        rig.context, RestartIce(room_id=ROOM, peer_id="alice", transport_id="transport")
    )
    assert await described() == restarted.ice_parameters.username_fragment
