"""What a node refuses, and what it does once though it is asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Request
from hubbub_contracts.bus.consumer import CloseConsumer, PauseConsumer, ResumeConsumer
from hubbub_contracts.bus.node import ClosePeer, DescribePeer, ProbeNode
from hubbub_contracts.bus.producer import CloseProducer, PauseProducer, ResumeProducer
from hubbub_contracts.bus.transport import CloseTransport, ConnectTransport, RestartIce
from support.node_rig import Peer, RunningNode, fixture, until

MakePeer = Callable[..., Awaitable[Peer]]
AUDIO = fixture("chromium-156/produce-audio-opus.json")
VIDEO = fixture("chromium-156/produce-video-vp8.json")
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")
FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}


async def refusal(asked: Awaitable[Any]) -> HubbubError:
    """The error that a request was answered with."""
    with pytest.raises(HubbubError) as refused:
        await asked
    return refused.value


async def code_of(asked: Awaitable[Any]) -> ErrorCode:
    """The code of that error."""
    return (await refusal(asked)).code


async def test_a_transport_has_all_that_clients_of_any_age_read(make_peer: MakePeer) -> None:
    peer = await make_peer()
    _, created = await peer.make_transport("send")
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


async def test_the_same_create_again_is_answered_the_same(make_peer: MakePeer) -> None:
    peer = await make_peer()
    request = peer.creation("send")
    first, second = await asyncio.gather(peer.ask(request), peer.ask(request))
    assert first == second
    producer_id = await peer.produce(request.transport_id, AUDIO)
    assert await peer.produce(request.transport_id, AUDIO, producer_id) == producer_id
    described = await peer.ask(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    assert (len(described.transports), len(described.producers)) == (1, 1)


async def test_a_consumer_that_is_asked_for_again_is_the_same(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.make_transport("send"), await peer.make_transport("recv")
    request = peer.consumption(down, await peer.produce(up, AUDIO), CAPABILITIES)
    assert await peer.ask(request) == await peer.ask(request)


async def test_a_taken_id_with_other_parameters_is_a_conflict(make_peer: MakePeer) -> None:
    peer, other = await make_peer(), await make_peer()
    request = peer.creation("send")
    await peer.ask(request)
    assert await code_of(peer.ask(peer.creation("recv", request.transport_id))) is ErrorCode.CONFLICT
    assert await code_of(other.ask(other.creation("send", request.transport_id))) is ErrorCode.CONFLICT
    producer_id = await peer.produce(request.transport_id, AUDIO)
    assert await code_of(peer.produce(request.transport_id, VIDEO, producer_id)) is ErrorCode.CONFLICT


async def test_what_belongs_to_another_peer_or_room_is_not_found(make_peer: MakePeer) -> None:
    owner = await make_peer()
    (up, _), (down, _) = await owner.make_transport("send"), await owner.make_transport("recv")
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
            ResumeConsumer(consumer_id=consumer_id, **here),
            CloseConsumer(consumer_id=consumer_id, **here),
        ]
        for attempt in attempts:
            assert await code_of(stranger.ask(attempt)) is ErrorCode.NOT_FOUND, attempt.verb
        assert await code_of(stranger.produce(up, VIDEO)) is ErrorCode.NOT_FOUND
        assert await code_of(stranger.consume(down, producer_id, CAPABILITIES)) is ErrorCode.NOT_FOUND
    described = await owner.ask(DescribePeer(room_id=owner.room_id, peer_id=owner.peer_id))
    assert (len(described.transports), len(described.producers), len(described.consumers)) == (2, 1, 1)


async def test_a_producer_of_another_room_cannot_be_consumed_and_trying_again_may_help(make_peer: MakePeer) -> None:
    owner, stranger = await make_peer(), await make_peer()
    up, _ = await owner.make_transport("send")
    down, _ = await stranger.make_transport("recv")
    refused = await refusal(stranger.consume(down, await owner.produce(up, AUDIO), CAPABILITIES))
    assert (refused.code, refused.retryable) == (ErrorCode.NOT_FOUND, True)


async def test_the_wrong_direction_is_an_invalid_state(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.make_transport("send"), await peer.make_transport("recv")
    assert await code_of(peer.produce(down, AUDIO)) is ErrorCode.INVALID_STATE
    producer_id = await peer.produce(up, AUDIO)
    assert await code_of(peer.consume(up, producer_id, CAPABILITIES)) is ErrorCode.INVALID_STATE


async def test_a_second_connect_is_an_invalid_state(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.make_transport("send"))
    await peer.connect(link)
    assert await code_of(peer.connect(link)) is ErrorCode.INVALID_STATE


async def test_a_bad_fingerprint_is_an_invalid_argument_and_leaves_the_transport_to_be_connected(
    make_peer: MakePeer,
) -> None:
    peer = await make_peer()
    link = peer.client(*await peer.make_transport("send"))
    weak = {"algorithm": "sha-1", "value": ":".join(["AB"] * 20)}
    assert await code_of(peer.connect(link, fingerprints=[weak])) is ErrorCode.INVALID_ARGUMENT
    await peer.connect(link)
    await link.open()


async def test_a_codec_that_the_client_lacks_is_unsupported(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.make_transport("send"), await peer.make_transport("recv")
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
async def test_malformed_rtp_parameters_leave_nothing_behind(make_peer: MakePeer, codec: dict[str, Any]) -> None:
    peer = await make_peer()
    up, _ = await peer.make_transport("send")
    recorded = {"kind": "audio", "rtpParameters": {**AUDIO["rtpParameters"], "codecs": [codec]}}
    assert await code_of(peer.produce(up, recorded)) is ErrorCode.INVALID_ARGUMENT
    described = await peer.ask(DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    assert described.producers == []


async def test_the_same_ssrc_twice_on_a_transport_is_an_invalid_argument(make_peer: MakePeer) -> None:
    peer = await make_peer()
    up, _ = await peer.make_transport("send")
    await peer.produce(up, AUDIO)
    assert await code_of(peer.produce(up, AUDIO)) is ErrorCode.INVALID_ARGUMENT


async def test_mids_of_consumers_count_up_on_each_transport(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _), (other, _) = [await peer.make_transport(each) for each in ("send", "recv", "recv")]
    producer_id = await peer.produce(up, AUDIO)
    made = [await peer.consume(transport, producer_id, CAPABILITIES) for transport in (down, down, other)]
    assert [created.rtp_parameters["mid"] for _, created in made] == ["0", "1", "0"]


async def test_a_paused_producer_is_told_to_who_consumes_it(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.make_transport("send"), await peer.make_transport("recv")
    producer_id = await peer.produce(up, AUDIO)
    here: dict[str, Any] = {"room_id": peer.room_id, "peer_id": peer.peer_id}
    await peer.ask(PauseProducer(producer_id=producer_id, **here))
    _, created = await peer.consume(down, producer_id, CAPABILITIES)
    assert created.producer_paused
    await peer.ask(ResumeProducer(producer_id=producer_id, **here))
    _, created = await peer.consume(down, producer_id, CAPABILITIES)
    assert not created.producer_paused


async def test_quotas_hold_for_each_peer(make_peer: MakePeer) -> None:
    peer = await make_peer()
    for _ in range(8):
        await peer.make_transport("recv")
    assert await code_of(peer.make_transport("recv")) is ErrorCode.QUOTA_EXCEEDED
    other = await make_peer(peer.room_id)
    await other.make_transport("recv")


async def test_a_described_peer_is_what_was_made(make_peer: MakePeer) -> None:
    peer = await make_peer()
    (up, _), (down, _) = await peer.make_transport("send"), await peer.make_transport("recv")
    producer_id = await peer.produce(up, AUDIO)
    consumer_id, _ = await peer.consume(down, producer_id, CAPABILITIES)
    here: dict[str, Any] = {"room_id": peer.room_id, "peer_id": peer.peer_id}
    await peer.ask(ResumeConsumer(consumer_id=consumer_id, **here))
    described = await peer.ask(DescribePeer(**here))
    assert [(each.transport_id, each.direction) for each in described.transports] == [(up, "send"), (down, "recv")]
    assert [(each.producer_id, each.kind, each.paused) for each in described.producers] == [
        (producer_id, "audio", False)
    ]
    assert [(each.consumer_id, each.producer_id, each.paused) for each in described.consumers] == [
        (consumer_id, producer_id, False)
    ]


async def test_a_peer_is_closed_as_often_as_one_likes(make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.make_transport("send")
    close, describe = (
        ClosePeer(room_id=peer.room_id, peer_id=peer.peer_id),
        DescribePeer(room_id=peer.room_id, peer_id=peer.peer_id),
    )
    await peer.ask(close)
    assert (await peer.ask(describe)).transports == []
    await peer.ask(close)


async def test_another_life_of_the_node_is_nobody(make_peer: MakePeer) -> None:
    peer = await make_peer()
    peer.placement = peer.placement.model_copy(update={"epoch": peer.placement.epoch + 1})
    assert await code_of(peer.make_transport("send")) is ErrorCode.UNAVAILABLE


async def test_rooms_go_round_the_workers_and_a_room_stays_on_one(make_peer: MakePeer) -> None:
    ports = []
    for _ in range(2):
        peer = await make_peer()
        made = [await peer.make_transport("recv") for _ in range(3)]
        ports.append({created.ice_candidates[0].port for _, created in made})
    assert [len(each) for each in ports] == [1, 1]
    assert ports[0] != ports[1]


async def test_a_closed_room_leaves_nothing_in_the_core(node: RunningNode, make_peer: MakePeer) -> None:
    peer = await make_peer()
    await peer.make_transport("send")
    await until(lambda: sum(each.transports for each in node.beats[-1].workers) == 1)
    await peer.ask(ClosePeer(room_id=peer.room_id, peer_id=peer.peer_id))
    await until(lambda: sum(each.transports + each.rooms for each in node.beats[-1].workers) == 0)


async def test_a_probe_is_answered(make_peer: MakePeer) -> None:
    await (await make_peer()).ask(ProbeNode())


async def test_ice_credentials_change_and_media_goes_on(make_peer: MakePeer) -> None:
    peer = await make_peer()
    link = await peer.open_transport("send")
    restarted = await peer.ask(RestartIce(room_id=peer.room_id, peer_id=peer.peer_id, transport_id=link.id))
    await link.link.restart(restarted.ice_parameters.wire())
    assert link.state == "connected"


async def test_what_was_closed_can_be_made_again(make_peer: MakePeer) -> None:
    peer = await make_peer()
    request = peer.creation("send")
    first = await peer.ask(request)
    await peer.ask(CloseTransport(room_id=peer.room_id, peer_id=peer.peer_id, transport_id=request.transport_id))
    assert await peer.ask(request) != first
