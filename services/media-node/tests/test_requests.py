"""The node's requests: idempotence, ownership, validation and limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Request
from hubbub_contracts.bus.consumer import (
    CloseConsumer,
    PauseConsumer,
    RequestKeyFrame,
    ResumeConsumer,
    SetPreferredLayers,
)
from hubbub_contracts.bus.node import ClosePeer, DescribePeer, ProbeNode
from hubbub_contracts.bus.producer import CloseProducer, PauseProducer, ResumeProducer
from hubbub_contracts.bus.transport import CloseTransport, ConnectTransport, RestartIce
from hubbub_contracts.layers import PreferredLayers
from support.node_rig import Peer, RunningNode, fixture, until

MakePeer = Callable[..., Awaitable[Peer]]
AUDIO = fixture("chromium-156/produce-audio-opus.json")
VIDEO = fixture("chromium-156/produce-video-vp8.json")
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")
FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}


async def error_of(request: Awaitable[Any]) -> HubbubError:
    """The error that the request raises."""
    with pytest.raises(HubbubError) as refused:
        await request
    return refused.value


async def code_of(request: Awaitable[Any]) -> ErrorCode:
    """The code of the error that the request raises."""
    return (await error_of(request)).code


async def test_a_transport_has_the_fields_that_old_and_new_clients_read(make_peer: MakePeer) -> None:
    peer = await make_peer()
    _, created = await peer.create_transport("send")
    wire = created.wire()
    assert wire["iceParameters"]["iceLite"] is True
    assert [each["algorithm"] for each in wire["dtlsParameters"]["fingerprints"]] == ["sha-256"]
    assert wire["iceCandidates"][0]["ip"] == wire["iceCandidates"][0]["address"] == "127.0.0.1"
    assert wire["sctpParameters"] == {
        "port": 5000,
        "OS": 1024,
        "MIS": 1024,
        "maxMessageSize": 262_144,
        "maxSendMessageSize": 262_144,
        "maxReceiveMessageSize": 262_144,
    }


async def test_a_repeated_create_returns_the_first_result(make_peer: MakePeer) -> None:
    peer = await make_peer()
    request = peer.create_transport_request("send")
    first, second = await asyncio.gather(peer.request(request), peer.request(request))
    assert first == second
    producer_id = await peer.produce(request.transport_id, AUDIO)
    assert await peer.produce(request.transport_id, AUDIO, producer_id) == producer_id
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    assert (len(described.transports), len(described.producers)) == (1, 1)


async def test_a_repeated_consume_returns_the_first_consumer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.create_transport("send"), await peer.create_transport("recv")
    request = peer.create_consumer_request(down, await peer.produce(up, AUDIO), CAPABILITIES)
    assert await peer.request(request) == await peer.request(request)


async def test_a_create_with_the_operation_id_of_an_earlier_one_returns_its_object(make_peer: MakePeer) -> None:
    peer = await make_peer()
    up = await peer.request(peer.create_transport_request("send", operation_id="up"))
    assert await peer.request(peer.create_transport_request("send", operation_id="up")) == up
    down = await peer.request(peer.create_transport_request("recv", operation_id="down"))
    assert up.transport_id is not None
    assert down.transport_id is not None

    produced = [await peer.request(peer.create_producer_request(up.transport_id, AUDIO, "produce")) for _ in range(2)]
    assert produced[0].producer_id is not None
    assert produced[0] == produced[1]
    consume = [
        peer.create_consumer_request(down.transport_id, produced[0].producer_id, CAPABILITIES, "consume")
        for _ in range(2)
    ]
    first, second = [await peer.request(request) for request in consume]
    assert first == second
    assert first.consumer_id == consume[0].consumer_id
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    assert (len(described.transports), len(described.producers), len(described.consumers)) == (2, 1, 1)


async def test_an_operation_id_of_another_create_is_a_conflict(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (other, _) = await peer.create_transport("send"), await peer.create_transport("send")
    await peer.request(peer.create_producer_request(up, AUDIO, "1"))
    for request in (
        peer.create_transport_request("send", operation_id="1"),
        peer.create_producer_request(up, VIDEO, "1"),
        peer.create_producer_request(other, AUDIO, "1"),
    ):
        assert await code_of(peer.request(request)) is ErrorCode.CONFLICT


async def test_an_operation_id_is_free_again_once_its_object_is_closed(make_peer: MakePeer) -> None:
    peer, other = await make_peer(), await make_peer()
    created = await peer.request(peer.create_transport_request("send", operation_id="1"))
    assert created.transport_id is not None
    elsewhere = await other.request(other.create_transport_request("send", operation_id="1"))
    assert elsewhere.transport_id != created.transport_id, "each peer has its own operation ids"
    await peer.request(CloseTransport(room_id=peer.room_id, peer_id=peer.peer_id, transport_id=created.transport_id))
    again = await peer.request(peer.create_transport_request("send", operation_id="1"))
    assert again.transport_id != created.transport_id


async def test_an_id_in_use_with_other_parameters_is_a_conflict(make_peer: MakePeer) -> None:
    peer, other = await make_peer(), await make_peer()
    request = peer.create_transport_request("send")
    await peer.request(request)
    assert (
        await code_of(peer.request(peer.create_transport_request("recv", request.transport_id))) is ErrorCode.CONFLICT
    )
    assert (
        await code_of(other.request(other.create_transport_request("send", request.transport_id))) is ErrorCode.CONFLICT
    )
    producer_id = await peer.produce(request.transport_id, AUDIO)
    assert await code_of(peer.produce(request.transport_id, VIDEO, producer_id)) is ErrorCode.CONFLICT


async def test_an_object_of_another_peer_or_room_is_not_found(make_peer: MakePeer) -> None:
    owner = await make_peer()
    (up, _), (down, _) = await owner.create_transport("send"), await owner.create_transport("recv")
    producer_id = await owner.produce(up, AUDIO)
    consumer_id, _ = await owner.consume(down, producer_id, CAPABILITIES)
    for stranger in (await make_peer(owner.room_id), await make_peer()):
        here: dict[str, Any] = {"room_id": stranger.room_id, "peer_id": stranger.peer_id}
        attempts: list[Request[Any]] = [
            ConnectTransport.model_validate(
                {**here, "transport_id": up, "dtls_parameters": {"fingerprints": [FINGERPRINT]}}
            ),
            RestartIce(transport_id=up, **here),
            CloseTransport(transport_id=up, **here),
            PauseProducer(producer_id=producer_id, **here),
            ResumeProducer(producer_id=producer_id, **here),
            CloseProducer(producer_id=producer_id, **here),
            PauseConsumer(consumer_id=consumer_id, **here),
            RequestKeyFrame(consumer_id=consumer_id, **here),
            SetPreferredLayers(consumer_id=consumer_id, preferred_layers=PreferredLayers(spatial_layer=0), **here),
            ResumeConsumer(consumer_id=consumer_id, **here),
            CloseConsumer(consumer_id=consumer_id, **here),
        ]
        for attempt in attempts:
            assert await code_of(stranger.request(attempt)) is ErrorCode.NOT_FOUND, attempt.verb
        assert await code_of(stranger.produce(up, VIDEO)) is ErrorCode.NOT_FOUND
        assert await code_of(stranger.consume(down, producer_id, CAPABILITIES)) is ErrorCode.NOT_FOUND
    described = await owner.request(DescribePeer(room_id=owner.room_id, peer_id=owner.peer_id))
    assert (len(described.transports), len(described.producers), len(described.consumers)) == (2, 1, 1)


async def test_consuming_a_producer_of_another_room_is_a_retryable_not_found(make_peer: MakePeer) -> None:
    owner, stranger = await make_peer(), await make_peer()
    up, _ = await owner.create_transport("send")
    down, _ = await stranger.create_transport("recv")
    error = await error_of(stranger.consume(down, await owner.produce(up, AUDIO), CAPABILITIES))
    assert (error.code, error.retryable) == (ErrorCode.NOT_FOUND, True)


async def test_a_transport_of_the_wrong_direction_is_an_invalid_state(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.create_transport("send"), await peer.create_transport("recv")
    assert await code_of(peer.produce(down, AUDIO)) is ErrorCode.INVALID_STATE
    producer_id = await peer.produce(up, AUDIO)
    assert await code_of(peer.consume(up, producer_id, CAPABILITIES)) is ErrorCode.INVALID_STATE


async def test_a_second_connect_is_an_invalid_state(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    await peer.connect(link)
    assert await code_of(peer.connect(link)) is ErrorCode.INVALID_STATE


async def test_a_transport_can_still_be_connected_after_an_invalid_fingerprint(
    make_peer: MakePeer,
) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.create_transport("send"))
    weak = {"algorithm": "sha-1", "value": ":".join(["AB"] * 20)}
    assert await code_of(peer.connect(link, fingerprints=[weak])) is ErrorCode.INVALID_ARGUMENT
    await peer.connect(link)
    await link.open()


async def test_consuming_a_codec_that_the_client_lacks_is_unsupported(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.create_transport("send"), await peer.create_transport("recv")
    producer_id = await peer.produce(up, VIDEO)
    audio_only = {**CAPABILITIES, "codecs": [each for each in CAPABILITIES["codecs"] if each["kind"] == "audio"]}
    assert await code_of(peer.consume(down, producer_id, audio_only)) is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize(
    "codec",
    [
        {"mimeType": "audio/opus", "payloadType": 0.0, "clockRate": 48000, "channels": 2},
        {"mimeType": "audio/opus", "payloadType": 1.5, "clockRate": 48000, "channels": 2},
        {"mimeType": "audio/opus", "payloadType": -1, "clockRate": 48000, "channels": 2},
        {},
    ],
)
async def test_malformed_rtp_parameters_create_no_producer(make_peer: MakePeer, codec: dict[str, Any]) -> None:
    peer = await make_peer()
    up, _ = await peer.create_transport("send")
    recorded = {"kind": "audio", "rtpParameters": {**AUDIO["rtpParameters"], "codecs": [codec]}}
    assert await code_of(peer.produce(up, recorded)) is ErrorCode.INVALID_ARGUMENT
    described = await peer.request(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    assert described.producers == []


async def test_a_duplicate_ssrc_on_a_transport_is_an_invalid_argument(make_peer: MakePeer) -> None:
    peer = await make_peer()
    up, _ = await peer.create_transport("send")
    await peer.produce(up, AUDIO)
    assert await code_of(peer.produce(up, AUDIO)) is ErrorCode.INVALID_ARGUMENT


async def test_consumer_mids_increase_per_transport(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _), (other, _) = [await peer.create_transport(each) for each in ("send", "recv", "recv")]
    producer_id = await peer.produce(up, AUDIO)
    consumers = [await peer.consume(transport, producer_id, CAPABILITIES) for transport in (down, down, other)]
    assert [created.rtp_parameters["mid"] for _, created in consumers] == ["0", "1", "0"]


async def test_a_consumer_reply_says_whether_the_producer_is_paused(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.create_transport("send"), await peer.create_transport("recv")
    producer_id = await peer.produce(up, AUDIO)
    here: dict[str, Any] = {"room_id": peer.room_id, "peer_id": peer.peer_id}
    await peer.request(PauseProducer(producer_id=producer_id, **here))
    _, created = await peer.consume(down, producer_id, CAPABILITIES)
    assert created.producer_paused
    await peer.request(ResumeProducer(producer_id=producer_id, **here))
    _, created = await peer.consume(down, producer_id, CAPABILITIES)
    assert not created.producer_paused


async def test_limits_apply_per_peer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    for _ in range(8):
        await peer.create_transport("recv")
    assert await code_of(peer.create_transport("recv")) is ErrorCode.QUOTA_EXCEEDED
    other = await make_peer(peer.room_id)
    await other.create_transport("recv")


async def test_describe_returns_the_objects_of_the_peer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.create_transport("send"), await peer.create_transport("recv")
    producer_id = await peer.produce(up, AUDIO)
    consumer_id, _ = await peer.consume(down, producer_id, CAPABILITIES)
    here: dict[str, Any] = {"room_id": peer.room_id, "peer_id": peer.peer_id}
    await peer.request(ResumeConsumer(consumer_id=consumer_id, **here))
    described = await peer.request(DescribePeer(**here))
    assert [(each.transport_id, each.direction) for each in described.transports] == [(up, "send"), (down, "recv")]
    assert [(each.producer_id, each.kind, each.paused) for each in described.producers] == [
        (producer_id, "audio", False)
    ]
    assert [(each.consumer_id, each.producer_id, each.paused) for each in described.consumers] == [
        (consumer_id, producer_id, False)
    ]


async def test_closing_a_peer_is_idempotent(make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    close, describe = (
        ClosePeer(room_id=peer.room_id, peer_id=peer.peer_id),
        DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id),
    )
    await peer.request(close)
    assert (await peer.request(describe)).transports == []
    await peer.request(close)


async def test_a_request_to_another_epoch_is_unavailable(make_peer: MakePeer) -> None:
    peer = await make_peer()
    peer.placement = peer.placement.model_copy(update={"epoch": peer.placement.epoch + 1})
    assert await code_of(peer.create_transport("send")) is ErrorCode.UNAVAILABLE


async def test_rooms_are_spread_over_workers_and_a_room_stays_on_one(make_peer: MakePeer) -> None:
    ports = []
    for _ in range(2):
        peer = await make_peer()
        transports = [await peer.create_transport("recv") for _ in range(3)]
        ports.append({created.ice_candidates[0].port for _, created in transports})
    assert [len(each) for each in ports] == [1, 1]
    assert ports[0] != ports[1]


async def test_closing_the_last_peer_removes_everything_from_the_core(node: RunningNode, make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.create_transport("send")
    await until(lambda: sum(each.transports for each in node.heartbeats[-1].workers) == 1)
    await peer.request(ClosePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    await until(lambda: sum(each.transports + each.rooms for each in node.heartbeats[-1].workers) == 0)


async def test_a_probe_gets_a_reply(make_peer: MakePeer) -> None:
    await (await make_peer()).request(ProbeNode())


async def test_an_ice_restart_keeps_the_connection(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = await peer.open_transport("send")
    restarted = await peer.request(RestartIce(room_id=peer.room_id, peer_id=peer.peer_id, transport_id=link.id))
    await link.link.restart(restarted.ice_parameters)
    assert link.state == "connected"


async def test_a_closed_transport_can_be_created_again(make_peer: MakePeer) -> None:
    peer = await make_peer()
    request = peer.create_transport_request("send")
    first = await peer.request(request)
    await peer.request(CloseTransport(room_id=peer.room_id, peer_id=peer.peer_id, transport_id=request.transport_id))
    assert await peer.request(request) != first
