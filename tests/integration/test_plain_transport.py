"""FFmpeg publishes into a room and receives from it, over plain transports."""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hubbub_cli.ports import LOOPBACK, free_udp_ports
from hubbub_client import Call
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.plain_transport import ConnectPlainTransport, SrtpCryptoSuite, SrtpParameters
from hubbub_contracts.bus.transport import CloseTransport
from support import ffmpeg
from support.bus_client import BusClient, bus_client
from support.installation import Installation
from support.plain_rtp import PlainServer
from support.python_sdk import WITHIN, participant_of, publication_of, until
from support.srtp_relay import protecting
from support.tcp_proxy import TcpProxy
from support.tracks import PictureTrack

SSRC, PAYLOAD_TYPE = 123_456, 96


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "video.webm"
    ffmpeg.write_video(path)
    return path


async def connect(server: PlainServer, transport_id: str, **options: Any) -> None:
    request = ConnectPlainTransport(
        room_id=server.room_id, peer_id=server.peer_id, transport_id=transport_id, **options
    )
    await server.bus.ask_node(server.placement, request)


@pytest.mark.parametrize("suite", [None, "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"])
async def test_a_participant_decodes_a_file_that_ffmpeg_publishes(
    installation: Installation, call_id: str, video: Path, suite: SrtpCryptoSuite | None
) -> None:
    async with (
        bus_client(installation) as bus,
        Call(installation.url, call_id, "Server") as call,
        Call(installation.url, call_id, "Bob") as bob,
    ):
        server = await PlainServer.join(bus, call, call_id)
        transport = await server.create_transport(comedia=True, rtcp_mux=False, srtp_crypto_suite=suite)
        assert transport.rtcp_port is not None
        address = (transport.ip, transport.port, transport.rtcp_port)
        with ExitStack() as stack:
            if suite is not None:
                parameters = new_key(suite)
                await connect(server, transport.transport_id, srtp_parameters=parameters)
                address = stack.enter_context(protecting(address, parameters))
            await server.produce_video(transport.transport_id, ssrc=SSRC, payload_type=PAYLOAD_TYPE)
            stack.enter_context(ffmpeg.publishing(video, address, ssrc=SSRC, payload_type=PAYLOAD_TYPE))
            camera = await publication_of(bob, "Server", "camera")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures:
                shown = [await anext(pictures) for _ in range(60)]
        assert {(one.width, one.height) for one in shown} == {ffmpeg.SIZE}
        assert len({bytes(one.planes[0])[0] // 8 for one in shown}) > 10, "the picture moves"


def new_key(suite: SrtpCryptoSuite) -> SrtpParameters:
    length = {"AES_CM_128_HMAC_SHA1_80": 30, "AEAD_AES_128_GCM": 28, "AEAD_AES_256_GCM": 44}[suite]
    return SrtpParameters(crypto_suite=suite, key_base64=base64.b64encode(secrets.token_bytes(length)).decode())


async def test_ffmpeg_decodes_what_a_participant_sends(
    installation: Installation, call_id: str, tmp_path: Path
) -> None:
    async with (
        bus_client(installation) as bus,
        Call(installation.url, call_id, "Server") as call,
        Call(installation.url, call_id, "Ann", codec="vp8") as ann,
    ):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        server = await PlainServer.join(bus, call, call_id)
        producer_id = await producer_of(bus, call_id, ann.local.peer_id)
        transport = await server.create_transport(rtcp_mux=False)
        assert transport.rtcp_port == transport.port + 1
        consumed = await server.consume(transport.transport_id, producer_id)
        [codec] = consumed.rtp_parameters["codecs"]
        port = free_udp_ports(2)
        description = tmp_path / "video.sdp"
        description.write_text(ffmpeg.session_description(port, port + 1, codec["payloadType"]))
        receiving = asyncio.create_task(asyncio.to_thread(ffmpeg.receive, description, 30))
        await connect(server, transport.transport_id, ip=LOOPBACK, port=port, rtcp_port=port + 1)
        shown = await asyncio.wait_for(receiving, WITHIN)
        assert len(shown) == 30
        assert {(one.width, one.height) for one in shown} == {(160, 120)}


async def producer_of(bus: BusClient, call_id: str, peer_id: str) -> str:
    """Waits until the peer has a producer."""
    async with asyncio.timeout(WITHIN):
        while True:
            snapshot = await bus.room(call_id)
            for peer in snapshot.peers:
                if peer.peer_id == peer_id and peer.producers:
                    return peer.producers[0].producer_id
            await asyncio.sleep(0.05)


async def test_the_transport_ends_with_its_peer(installation: Installation, call_id: str) -> None:
    async with bus_client(installation) as bus, Call(installation.url, call_id, "Bob") as bob:
        async with Call(installation.url, call_id, "Server") as call:
            server = await PlainServer.join(bus, call, call_id)
            transport = await server.create_transport(comedia=True)
            await server.produce_video(transport.transport_id, ssrc=SSRC, payload_type=PAYLOAD_TYPE)
            await publication_of(bob, "Server", "camera")
            assert not is_free(transport.port)
            description = await bus.describe(server.placement, call_id, server.peer_id)
            assert transport.transport_id not in {one.transport_id for one in description.transports}
        await until(lambda: is_free(transport.port))
        with pytest.raises(HubbubError) as error:
            await connect(server, transport.transport_id, ip=LOOPBACK, port=9)
        assert error.value.code is ErrorCode.NOT_FOUND


async def test_a_plain_producer_outlives_the_sockets_of_its_peer(installation: Installation, call_id: str) -> None:
    async with (
        TcpProxy(int(installation.url.rpartition(":")[2])) as proxy,
        bus_client(installation) as bus,
        Call(f"http://127.0.0.1:{proxy.port}", call_id, "Server") as call,
        Call(installation.url, call_id, "Bob") as bob,
    ):
        server = await PlainServer.join(bus, call, call_id)
        transport = await server.create_transport(comedia=True)
        await server.produce_video(transport.transport_id, ssrc=SSRC, payload_type=PAYLOAD_TYPE)
        await publication_of(bob, "Server", "camera")
        await proxy.cut()
        await until(lambda: call.state == "reconnecting")
        await proxy.start()
        await until(lambda: call.state == "connected")
        # The registry has handled what the resumed session asked for before the second producer.
        await server.produce_video(transport.transport_id, ssrc=SSRC + 1, payload_type=PAYLOAD_TYPE, source="screen")
        await publication_of(bob, "Server", "screen")
        assert "camera" in participant_of(bob, "Server").publications  # type: ignore[union-attr]


async def test_closing_the_transport_removes_it_and_frees_its_ports(installation: Installation, call_id: str) -> None:
    async with bus_client(installation) as bus, Call(installation.url, call_id, "Server") as call:
        server = await PlainServer.join(bus, call, call_id)
        transport = await server.create_transport(rtcp_mux=False, comedia=True)
        assert transport.rtcp_port is not None
        await bus.ask_node(
            server.placement,
            CloseTransport(room_id=server.room_id, peer_id=server.peer_id, transport_id=transport.transport_id),
        )
        await until(lambda: is_free(transport.port) and is_free(transport.rtcp_port or 0))


async def test_media_without_srtp_goes_to_listed_networks_only(installation: Installation, call_id: str) -> None:
    async with bus_client(installation) as bus, Call(installation.url, call_id, "Server") as call:
        server = await PlainServer.join(bus, call, call_id)
        transport = await server.create_transport()
        with pytest.raises(HubbubError) as error:
            await connect(server, transport.transport_id, ip="192.0.2.1", port=9)
        assert error.value.code is ErrorCode.NOT_ALLOWED
        await connect(server, transport.transport_id, ip=LOOPBACK, port=9)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
