"""A client's requests about its consumers."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.consumer import (
    ConsumerCreated,
    CreateConsumer,
    LayersPreferred,
    RequestKeyFrame,
    ResumeConsumer,
    SetPreferredLayers,
)
from hubbub_contracts.layers import PreferredLayers
from hubbub_signaling.domain.owned_resources import OwnedConsumer
from support.signaling_fakes import RECEIVES, FakeClient, SignalingRig, code, peer_record


@pytest.fixture
def rig() -> SignalingRig:
    return SignalingRig()


async def receiver(rig: SignalingRig) -> FakeClient:
    """A client with the receive transport `down` and the consumer `remote`, in a room with Bob's `microphone`."""
    rig.backend.peers["bob"] = peer_record("bob", "microphone")
    client = await rig.joined()
    client.session.resources.transports["down"] = RECEIVES
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "camera")
    return client


def created(*, paused: bool = True) -> ConsumerCreated:
    """A node's reply to `CreateConsumer`."""
    return ConsumerCreated(kind="audio", rtp_parameters={}, type="simple", producer_paused=False, paused=paused)


CONSUME = {"transportId": "down", "producerId": "microphone"}


async def test_a_consumer_is_created_paused_with_all_layers_by_default(rig: SignalingRig) -> None:
    rig.backend.answers[CreateConsumer] = created()
    client = await receiver(rig)
    assert code(await client.ask("consume", CONSUME)) is None
    (request,) = rig.backend.node_requests
    assert isinstance(request, CreateConsumer)
    assert (request.paused, request.preferred_layers) == (True, None)


async def test_a_consumer_is_created_as_requested(rig: SignalingRig) -> None:
    rig.backend.answers[CreateConsumer] = created(paused=False)
    client = await receiver(rig)
    await client.ask("consume", {**CONSUME, "paused": False, "preferredLayers": {"spatialLayer": 1}})
    (request,) = rig.backend.node_requests
    assert isinstance(request, CreateConsumer)
    assert (request.paused, request.preferred_layers) == (False, PreferredLayers(spatial_layer=1))


async def test_a_consumer_that_an_older_node_created_paused_is_resumed(rig: SignalingRig) -> None:
    rig.backend.answers[CreateConsumer] = created()
    client = await receiver(rig)
    consumed = await client.ask("consume", {**CONSUME, "paused": False})
    assert rig.backend.node_requests[1:] == [
        ResumeConsumer(room_id=client.room_id, peer_id=client.peer_id, consumer_id=consumed["id"])
    ]


async def test_preferred_layers_reach_the_node_and_the_effective_ones_the_client(rig: SignalingRig) -> None:
    effective = PreferredLayers(spatial_layer=2, temporal_layer=1)
    rig.backend.answers[SetPreferredLayers] = LayersPreferred(preferred_layers=effective)
    client = await receiver(rig)
    answer = await client.ask("setPreferredLayers", {"consumerId": "remote", "spatialLayer": 7, "temporalLayer": 1})
    assert answer == {"preferredLayers": {"spatialLayer": 2, "temporalLayer": 1}}
    assert rig.backend.node_requests == [
        SetPreferredLayers(
            room_id=client.room_id,
            peer_id=client.peer_id,
            consumer_id="remote",
            preferred_layers=PreferredLayers(spatial_layer=7, temporal_layer=1),
        )
    ]


async def test_preferred_layers_without_an_effect_are_answered_empty(rig: SignalingRig) -> None:
    rig.backend.answers[SetPreferredLayers] = LayersPreferred()
    client = await receiver(rig)
    assert await client.ask("setPreferredLayers", {"consumerId": "remote", "spatialLayer": 0}) == {}


@pytest.mark.parametrize("layer", [-1, 256, "0", 1.5])
async def test_an_invalid_layer_is_refused(rig: SignalingRig, layer: object) -> None:
    client = await receiver(rig)
    answer = await client.ask("setPreferredLayers", {"consumerId": "remote", "spatialLayer": layer})
    assert code(answer) == "invalid_argument"
    assert rig.backend.node_requests == []


@pytest.mark.parametrize("event", ["setPreferredLayers", "requestKeyFrame"])
async def test_a_consumer_that_is_not_owned_is_not_found(rig: SignalingRig, event: str) -> None:
    client = await receiver(rig)
    assert code(await client.ask(event, {"consumerId": "another", "spatialLayer": 0})) == "not_found"
    assert rig.backend.node_requests == []


async def test_a_key_frame_is_requested_from_the_node(rig: SignalingRig) -> None:
    client = await receiver(rig)
    assert await client.ask("requestKeyFrame", {"consumerId": "remote"}) == {}
    assert rig.backend.node_requests == [
        RequestKeyFrame(room_id=client.room_id, peer_id=client.peer_id, consumer_id="remote")
    ]
