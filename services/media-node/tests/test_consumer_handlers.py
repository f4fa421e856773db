"""The consumer handlers with fake ports."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.consumer import (
    ConsumerCreated,
    CreateConsumer,
    LayersPreferred,
    PauseConsumer,
    RequestKeyFrame,
    SetConsumerPriority,
    SetPreferredLayers,
)
from hubbub_contracts.bus.media import (
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    ProducerLayersWanted,
    ProducerScoreChanged,
)
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.layers import ConsumerLayers, PreferredLayers
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_media_core import commands, events
from hubbub_media_node.domain.close_request import SILENT
from hubbub_media_node.domain.closures import PeerEvent
from hubbub_media_node.handlers import consumer, peer
from hubbub_media_node.handlers.core_events import handle
from support.node_fakes import ROOM, NodeRig
from support.node_rig import fixture

HERE: dict[str, Any] = {"room_id": ROOM, "peer_id": "bob", "consumer_id": "consumer"}
SIMULCAST = "produce-video-vp8-simulcast3"
SVC = "produce-video-vp9-svc-L3T3_KEY"
SIMPLE = "produce-video-vp8"
AUDIO = "produce-audio-opus"


@pytest.fixture
def rig() -> NodeRig:
    return NodeRig()


async def consume(rig: NodeRig, recorded: str, **more: Any) -> ConsumerCreated:
    """Bob consumes a recorded track of Alice. `more` are further fields of the request."""
    await rig.create_transport()
    await rig.create_transport("bob", "recv", "down")
    await rig.create_producer(fixture(f"chromium-156/{recorded}.json"))
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    request = CreateConsumer(**HERE, transport_id="down", producer_id="producer", rtp_capabilities=capabilities, **more)
    return await consumer.create(rig.context, request)


async def prefer(rig: NodeRig, spatial: int, temporal: int | None = None) -> PreferredLayers | None:
    """Bob sets his preferred layers. Returns the effective ones."""
    layers = PreferredLayers(spatial_layer=spatial, temporal_layer=temporal)
    reply = await consumer.set_preferred_layers(rig.context, SetPreferredLayers(**HERE, preferred_layers=layers))
    assert isinstance(reply, LayersPreferred)
    return reply.preferred_layers


@pytest.mark.parametrize(
    ("recorded", "asked", "effective"),
    [
        pytest.param(SIMULCAST, (0, 0), (0, 0), id="lowest"),
        pytest.param(SIMULCAST, (1, None), (1, 2), id="all temporal layers"),
        pytest.param(SIMULCAST, (9, 9), (2, 2), id="beyond the highest"),
        pytest.param(SVC, (9, 1), (2, 1), id="svc"),
    ],
)
async def test_preferred_layers_are_limited_to_those_of_the_producer(
    rig: NodeRig, recorded: str, asked: tuple[int, int | None], effective: tuple[int, int]
) -> None:
    await consume(rig, recorded)
    spatial, temporal = effective
    assert await prefer(rig, *asked) == PreferredLayers(spatial_layer=spatial, temporal_layer=temporal)
    core_id = rig.context.entities.consumers["consumer"].core_id
    assert rig.sent(commands.SetPreferredLayers) == [
        commands.SetPreferredLayers(consumer=core_id, spatial=spatial, temporal=asked[1])
    ]


async def test_temporal_layers_that_the_producer_does_not_declare_are_not_limited(rig: NodeRig) -> None:
    await consume(rig, SIMULCAST)
    created = rig.context.entities.consumers["consumer"].created
    created.rtp_parameters["encodings"][0]["scalabilityMode"] = "L3T1"
    assert await prefer(rig, 0, 2) == PreferredLayers(spatial_layer=0, temporal_layer=2)
    assert await prefer(rig, 0) == PreferredLayers(spatial_layer=0)


@pytest.mark.parametrize("recorded", [SIMPLE, AUDIO])
async def test_preferred_layers_of_a_simple_consumer_have_no_effect(rig: NodeRig, recorded: str) -> None:
    await consume(rig, recorded)
    assert await prefer(rig, 0, 0) is None
    assert rig.sent(commands.SetPreferredLayers) == []


async def test_a_consumer_is_created_paused_by_default(rig: NodeRig) -> None:
    assert (await consume(rig, SIMULCAST)).paused
    assert rig.context.entities.consumers["consumer"].paused
    assert rig.sent(commands.ResumeConsumer) == rig.sent(commands.SetPreferredLayers) == []


async def test_a_consumer_starts_with_its_preferred_layers(rig: NodeRig) -> None:
    created = await consume(rig, SIMULCAST, paused=False, preferred_layers=PreferredLayers(spatial_layer=0))
    assert not created.paused
    started = rig.context.entities.consumers["consumer"]
    assert not started.paused
    assert rig.core.commands[-2:] == [
        commands.SetPreferredLayers(consumer=started.core_id, spatial=0),
        commands.ResumeConsumer(consumer=started.core_id),
    ]


async def test_a_consumer_that_cannot_be_resumed_is_closed(rig: NodeRig) -> None:
    rig.core.errors[commands.ResumeConsumer] = "busy"
    with pytest.raises(HubbubError) as error:
        await consume(rig, SIMULCAST, paused=False)
    assert error.value.code is ErrorCode.UNAVAILABLE
    core_id = rig.context.entities.consumers["consumer"].core_id
    assert rig.core.commands[-1] == commands.CloseConsumer(consumer=core_id)
    handle(rig.context, 0, events.ConsumerClosed(core_id, "requested"))
    assert (rig.context.entities.consumers, rig.publisher.events) == ({}, [])


@pytest.mark.parametrize(
    ("recorded", "paused", "requests"),
    [
        pytest.param(SIMPLE, False, 1, id="video"),
        pytest.param(SIMPLE, True, 0, id="paused video"),
        pytest.param(AUDIO, False, 0, id="audio"),
    ],
)
async def test_a_key_frame_is_requested_for_video_that_is_sent(
    rig: NodeRig, recorded: str, paused: bool, requests: int
) -> None:
    await consume(rig, recorded, paused=paused)
    await consumer.request_key_frame(rig.context, RequestKeyFrame(**HERE))
    core_id = rig.context.entities.consumers["consumer"].core_id
    assert rig.sent(commands.RequestKeyFrame) == [commands.RequestKeyFrame(consumer=core_id)] * requests


def layers(spatial: int, temporal: int) -> ConsumerLayers:
    return ConsumerLayers(spatial_layer=spatial, temporal_layer=temporal)


async def test_changed_layers_are_reported_to_the_peer_until_the_consumer_is_paused(rig: NodeRig) -> None:
    await consume(rig, SIMULCAST, paused=False)
    core_id = rig.context.entities.consumers["consumer"].core_id
    for spatial in (2, 2, 0):
        handle(rig.context, 0, events.LayersChanged(core_id, spatial, 1))
    for _ in range(2):
        await consumer.pause(rig.context, PauseConsumer(**HERE))
    assert rig.publisher.events == [
        PeerEvent(ROOM, "bob", ConsumerLayersChanged(consumer_id="consumer", layers=reported))
        for reported in (layers(2, 1), layers(0, 1), None)
    ]


async def test_a_pause_by_bandwidth_is_reported_until_it_ends(rig: NodeRig) -> None:
    await consume(rig, SIMPLE, paused=False)
    core_id = rig.context.entities.consumers["consumer"].core_id
    for paused in (False, True, True):
        handle(rig.context, 0, events.BandwidthPause(core_id, paused))
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="bob"))
    assert [each.paused_by_bandwidth for each in described.consumers] == [True]
    for each in (core_id, core_id + 1):
        handle(rig.context, 0, events.BandwidthPause(each, False))
    assert rig.publisher.events == [
        PeerEvent(ROOM, "bob", event(consumer_id="consumer", reason="bandwidth"))
        for event in (ConsumerPaused, ConsumerResumed)
    ]


async def test_the_encodings_that_somebody_receives_are_reported_to_the_sender(rig: NodeRig) -> None:
    await consume(rig, SIMULCAST, paused=False)
    core_id = rig.context.entities.producers["producer"].core_id
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="alice"))
    assert [each.encodings_wanted for each in described.producers] == [None]
    for each in (core_id, core_id + 100):
        handle(rig.context, 0, events.LayersWanted(each, (True, False, True)))
    wanted = [True, False, True]
    assert rig.publisher.events == [
        PeerEvent(
            ROOM, "alice", ProducerLayersWanted(producer_id="producer", encodings=wanted, transport_id="transport")
        )
    ]
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="alice"))
    assert [each.encodings_wanted for each in described.producers] == [wanted]


async def test_scores_are_reported_to_sender_and_receiver(rig: NodeRig) -> None:
    await consume(rig, SIMULCAST, paused=False)
    entities = rig.context.entities
    producer_id, consumer_id = entities.producers["producer"].core_id, entities.consumers["consumer"].core_id
    for each in (producer_id, producer_id + 100):
        handle(rig.context, 0, events.ProducerScore(each, (events.EncodingScore(2, 7, "r2", 4),)))
    for each in (consumer_id, consumer_id + 100):
        handle(rig.context, 0, events.ConsumerScore(each, 9, 2, (0, 0, 4)))
    sent = [EncodingScore(encoding_idx=2, ssrc=7, rid="r2", score=4)]
    received = ConsumerScores(score=9, producer_score=4, producer_scores=[0, 0, 4])
    assert rig.publisher.events == [
        PeerEvent(ROOM, "alice", ProducerScoreChanged(producer_id="producer", score=sent, transport_id="transport")),
        PeerEvent(ROOM, "bob", ConsumerScoreChanged(consumer_id="consumer", score=received)),
    ]
    described = [await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id=who)) for who in ("alice", "bob")]
    assert [each.score for each in described[0].producers] == [sent]
    assert [each.score for each in described[1].consumers] == [received]


async def test_a_priority_is_passed_to_the_core(rig: NodeRig) -> None:
    await consume(rig, SIMULCAST, priority=7)
    await consumer.set_priority(rig.context, SetConsumerPriority(**HERE, priority=255))
    sent = [each for each in rig.core.commands if isinstance(each, commands.SetConsumerPriority)]
    assert [each.priority for each in sent] == [7, 255]


async def test_layers_of_simple_and_of_unknown_consumers_are_not_reported(rig: NodeRig) -> None:
    await consume(rig, SIMPLE, paused=False)
    core_id = rig.context.entities.consumers["consumer"].core_id
    for each in (core_id, core_id + 1):
        handle(rig.context, 0, events.LayersChanged(each, 0, 2))
    assert rig.publisher.events == []


async def test_a_description_has_the_layers_of_a_consumer(rig: NodeRig) -> None:
    await consume(rig, SVC, paused=False)
    handle(rig.context, 0, events.LayersChanged(rig.context.entities.consumers["consumer"].core_id, 1, 2))
    described = await peer.describe(rig.context, DescribePeer(room_id=ROOM, peer_id="bob"))
    assert [each.layers for each in described.consumers] == [layers(1, 2)]


async def test_a_producer_that_is_being_closed_is_not_consumed_over_its_pipe_either() -> None:
    rig = NodeRig(room_peers_per_worker=1)
    await consume(rig, SIMPLE)
    transports, producer = rig.context.entities.transports, rig.context.entities.producers["producer"]
    assert transports["down"].worker != transports["transport"].worker
    producer.close_request = SILENT
    again = rig.context.entities.consumers["consumer"].request.model_copy(update={"consumer_id": "again"})
    with pytest.raises(HubbubError) as refused:
        await consumer.create(rig.context, again)
    assert (refused.value.code, refused.value.retryable) == (ErrorCode.NOT_FOUND, True)
    assert "again" not in rig.context.entities.consumers
