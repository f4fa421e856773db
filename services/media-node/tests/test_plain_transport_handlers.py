"""The handlers of plain transports with fake ports."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import media
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.plain_transport import ConnectPlainTransport, CreatePlainTransport, SrtpParameters
from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.transport import RestartIce
from hubbub_media_core import commands, events
from hubbub_media_core.specs import PlainRemote
from hubbub_media_node.domain.closures import PeerEvent
from hubbub_media_node.domain.plain_access import PlainAccess, parse_networks
from hubbub_media_node.handlers import peer, plain_transport, producer, transport
from hubbub_media_node.handlers.core_events import handle
from support.node_fakes import ROOM, NodeRig

KEY = SrtpParameters(crypto_suite="AEAD_AES_128_GCM", key_base64=base64.b64encode(bytes(28)).decode())


@pytest.fixture
def rig() -> NodeRig:
    rig = NodeRig(plain=PlainAccess(ip="192.0.2.7", networks=parse_networks("10.0.0.0/8")))
    rig.core.replies[commands.CreatePlainTransport] = {"port": 41_000, "rtcp_port": None}
    return rig


def create_request(**options: Any) -> CreatePlainTransport:
    options = {"transport_id": "plain", "codec_profile": "v1", **options}
    return CreatePlainTransport(room_id=ROOM, peer_id="alice", **options)


def connect_request(**options: Any) -> ConnectPlainTransport:
    return ConnectPlainTransport(room_id=ROOM, peer_id="alice", transport_id="plain", **options)


async def test_the_reply_names_address_and_ports(rig: NodeRig) -> None:
    rig.core.replies[commands.CreatePlainTransport] = {"port": 41_000, "rtcp_port": 41_001}
    created = await plain_transport.create(rig.context, create_request(rtcp_mux=False))
    assert (created.ip, created.port, created.rtcp_port, created.srtp_parameters) == ("192.0.2.7", 41_000, 41_001, None)
    [command] = rig.sent(commands.CreatePlainTransport)
    assert isinstance(command, commands.CreatePlainTransport)
    assert (command.rtcp_mux, command.comedia, command.srtp) == (False, False, False)
    assert command.sources == ("127.0.0.0/8", "::1/128", "10.0.0.0/8")
    assert len(rig.sent(commands.CreateRouter)) == 1


async def test_a_repeated_request_gets_the_same_reply_and_another_one_is_a_conflict(rig: NodeRig) -> None:
    request = create_request(srtp_crypto_suite="AEAD_AES_128_GCM")
    created = await plain_transport.create(rig.context, request)
    assert await plain_transport.create(rig.context, request) == created
    with pytest.raises(HubbubError) as error:
        await plain_transport.create(rig.context, create_request())
    assert error.value.code is ErrorCode.CONFLICT
    assert len(rig.sent(commands.CreatePlainTransport)) == 1


async def test_without_a_free_port_nothing_is_left(rig: NodeRig) -> None:
    rig.core.errors[commands.CreatePlainTransport] = "limit_reached"
    with pytest.raises(HubbubError) as error:
        await plain_transport.create(rig.context, create_request())
    assert (error.value.code, error.value.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert not rig.context.entities.transports
    assert not rig.context.entities.rooms


async def test_a_node_without_plain_transports_says_so() -> None:
    with pytest.raises(HubbubError) as error:
        await plain_transport.create(NodeRig().context, create_request())
    assert error.value.code is ErrorCode.UNSUPPORTED


async def test_a_connected_transport_sends_to_its_address(rig: NodeRig) -> None:
    await plain_transport.create(rig.context, create_request())
    await plain_transport.connect(rig.context, connect_request(ip="10.1.2.3", port=7_000))
    [command] = rig.sent(commands.ConnectPlainTransport)
    assert isinstance(command, commands.ConnectPlainTransport)
    assert command.remote == PlainRemote(ip="10.1.2.3", port=7_000)
    with pytest.raises(HubbubError) as error:
        await plain_transport.connect(rig.context, connect_request(ip="10.1.2.3", port=7_000))
    assert error.value.code is ErrorCode.INVALID_STATE


async def test_both_keys_reach_the_core(rig: NodeRig) -> None:
    created = await plain_transport.create(
        rig.context, create_request(comedia=True, srtp_crypto_suite="AEAD_AES_128_GCM")
    )
    await plain_transport.connect(rig.context, connect_request(srtp_parameters=KEY))
    [command] = rig.sent(commands.SetSrtpKeys)
    assert isinstance(command, commands.SetSrtpKeys)
    assert created.srtp_parameters is not None
    assert command.outbound == base64.b64decode(created.srtp_parameters.key_base64)
    assert (command.inbound, command.profile) == (bytes(28), "SRTP_AEAD_AES_128_GCM")
    [opened] = rig.sent(commands.CreatePlainTransport)
    assert isinstance(opened, commands.CreatePlainTransport)
    assert opened.sources == ()


@pytest.mark.parametrize(
    ("created", "connected", "code"),
    [
        ({}, {"ip": "192.0.2.1", "port": 7_000}, ErrorCode.NOT_ALLOWED),
        ({}, {"ip": "media.example.org", "port": 7_000}, ErrorCode.INVALID_ARGUMENT),
        ({}, {"ip": "0.0.0.0", "port": 7_000}, ErrorCode.INVALID_ARGUMENT),
        ({}, {"ip": "127.0.0.1"}, ErrorCode.INVALID_ARGUMENT),
        ({}, {"port": 7_000}, ErrorCode.INVALID_ARGUMENT),
        ({}, {"ip": "127.0.0.1", "port": 7_000, "rtcp_port": 7_001}, ErrorCode.INVALID_ARGUMENT),
        ({"rtcp_mux": False}, {"ip": "127.0.0.1", "port": 7_000}, ErrorCode.INVALID_ARGUMENT),
        ({}, {"ip": "127.0.0.1", "port": 7_000, "srtp_parameters": KEY}, ErrorCode.INVALID_ARGUMENT),
        ({"comedia": True}, {"ip": "127.0.0.1", "port": 7_000}, ErrorCode.INVALID_ARGUMENT),
        ({"comedia": True}, {}, ErrorCode.INVALID_STATE),
        ({"srtp_crypto_suite": "AEAD_AES_128_GCM", "comedia": True}, {}, ErrorCode.INVALID_ARGUMENT),
        (
            {"srtp_crypto_suite": "AEAD_AES_256_GCM", "comedia": True},
            {"srtp_parameters": KEY},
            ErrorCode.INVALID_ARGUMENT,
        ),
        (
            {"srtp_crypto_suite": "AEAD_AES_128_GCM", "comedia": True},
            {"srtp_parameters": KEY.model_copy(update={"key_base64": "AAAA"})},
            ErrorCode.INVALID_ARGUMENT,
        ),
    ],
)
async def test_a_wrong_connect_request_changes_nothing(
    rig: NodeRig, created: dict[str, Any], connected: dict[str, Any], code: ErrorCode
) -> None:
    await plain_transport.create(rig.context, create_request(**created))
    before = list(rig.core.commands)
    with pytest.raises(HubbubError) as error:
        await plain_transport.connect(rig.context, connect_request(**connected))
    assert error.value.code is code
    assert rig.core.commands == before


async def test_requests_of_the_other_kind_of_transport_are_refused(rig: NodeRig) -> None:
    await rig.create_transport()
    await plain_transport.create(rig.context, create_request())
    with pytest.raises(HubbubError) as restarted:
        await transport.restart_ice(rig.context, RestartIce(room_id=ROOM, peer_id="alice", transport_id="plain"))
    request = connect_request(ip="127.0.0.1", port=7_000).model_copy(update={"transport_id": "transport"})
    with pytest.raises(HubbubError) as connected:
        await plain_transport.connect(rig.context, request)
    assert restarted.value.code is connected.value.code is ErrorCode.INVALID_STATE


async def produce(rig: NodeRig, encoding: dict[str, Any]) -> None:
    parameters = {
        "codecs": [{"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90_000}],
        "encodings": [encoding],
    }
    request = CreateProducer(
        room_id=ROOM,
        peer_id="alice",
        transport_id="plain",
        producer_id="producer",
        kind="video",
        rtp_parameters=parameters,
        paused=False,
    )
    await producer.create(rig.context, request)


async def test_a_producer_needs_an_ssrc(rig: NodeRig) -> None:
    await plain_transport.create(rig.context, create_request(comedia=True))

    with pytest.raises(HubbubError, match=r"encodings\[0\]\.ssrc is required") as error:
        await produce(rig, {})
    assert error.value.code is ErrorCode.INVALID_ARGUMENT
    await produce(rig, {"ssrc": 1})


async def test_only_the_producers_of_a_plain_transport_are_described(rig: NodeRig) -> None:
    await rig.create_transport()
    await plain_transport.create(rig.context, create_request(comedia=True))
    await produce(rig, {"ssrc": 1})
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="alice"))
    assert [one.transport_id for one in described.transports] == ["transport"]
    assert (described.producers, described.plain_producers) == ([], ["producer"])


async def test_a_closed_plain_transport_is_reported_to_its_peer(rig: NodeRig) -> None:
    await plain_transport.create(rig.context, create_request(comedia=True))
    core_id = rig.context.entities.transports["plain"].core_id
    handle(rig.context, 0, events.TransportClosed(core_id, "internal"))
    closed = media.TransportClosed(transport_id="plain", reason="internal")
    assert rig.publisher.events == [PeerEvent(ROOM, "alice", closed)]
    assert not rig.context.entities.rooms
