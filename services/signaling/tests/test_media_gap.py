"""After a gap, closures that the session missed are found and pushed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hubbub_contracts import Done, Model
from hubbub_contracts.bus.media import ConsumerClosed, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import (
    DescribePeer,
    PeerDescription,
)
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.layers import ConsumerLayers
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_contracts.types import Direction
from hubbub_signaling.domain.missed_closures import missed_closures
from hubbub_signaling.domain.owned_resources import OwnedResources, OwnedTransport
from hubbub_signaling.handlers.context import RequestContext
from hubbub_signaling.handlers.media_gap import PAUSE
from support.peer_media import client_with_media, described, owned
from support.signaling_fakes import NODE, SENDS, FakeClient, SignalingRig, peer_record, unavailable, with_handler

ANOTHER_NODE = Placement(node_id="another", epoch=1)
LONGEST_PAUSE = PAUSE[1]


def miss_events(rig: SignalingRig, client: FakeClient) -> None:
    rig.backend.media[client.peer_id].on_gap()


@pytest.mark.parametrize(
    ("left", "events"),
    [
        pytest.param(owned(), [], id="nothing was closed"),
        pytest.param(
            OwnedResources(
                {**owned().transports, "newer": SENDS}, {**owned().producers, "newer": "up"}, owned().consumers
            ),
            [],
            id="the node has more",
        ),
        pytest.param(
            OwnedResources(owned().transports, {}, owned().consumers),
            [ProducerClosed(producer_id="camera", reason="other")],
            id="producer",
        ),
        pytest.param(
            OwnedResources(owned().transports, owned().producers, {}),
            [ConsumerClosed(consumer_id="remote", producer_id="p", reason="producer_closed")],
            id="consumer",
        ),
        pytest.param(
            OwnedResources(),
            [
                ProducerClosed(producer_id="camera", reason="transport_closed"),
                ConsumerClosed(consumer_id="remote", producer_id="p", reason="transport_closed"),
                TransportClosed(transport_id="up", reason="other"),
                TransportClosed(transport_id="down", reason="other"),
            ],
            id="everything, children before their transports",
        ),
    ],
)
def test_resources_that_the_node_lacks_are_missed_closures(left: OwnedResources, events: list[Model]) -> None:
    assert list(missed_closures(owned(), described(left))) == events


async def test_missed_closures_are_pushed_and_their_producers_removed_from_the_room() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.socket.pushes() == ["producerClosed", "consumerClosed", "transportClosed", "transportClosed"]
    assert client.session.resources == OwnedResources()
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_a_producer_that_only_the_room_lists_is_removed_from_it() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    del client.session.resources.producers["camera"]
    rig.backend.answers[DescribePeer] = described(client.session.resources)
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.socket.pushes() == []
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_a_producer_on_a_plain_transport_stays_in_the_room() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    del client.session.resources.producers["camera"]
    description = described(client.session.resources)
    rig.backend.answers[DescribePeer] = description.model_copy(update={"plain_producers": ["camera"]})
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == []


async def test_the_layers_of_consumers_are_pushed_after_a_gap() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    description = described(owned())
    (consumer,) = description.consumers
    layers = ConsumerLayers(spatial_layer=0, temporal_layer=1)
    newer = consumer.model_copy(update={"layers": layers})
    rig.backend.answers[DescribePeer] = description.model_copy(update={"consumers": [newer]})
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.socket.sent == [("consumerLayersChanged", {"consumerId": "remote", "layers": layers.wire()})]


async def test_the_wanted_encodings_of_producers_are_pushed_after_a_gap() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    description = described(owned())
    (producer,) = description.producers
    newer = producer.model_copy(update={"encodings_wanted": [True, False]})
    rig.backend.answers[DescribePeer] = description.model_copy(update={"producers": [newer]})
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.socket.sent == [("producerLayersWanted", {"producerId": "camera", "encodings": [True, False]})]


async def test_the_scores_of_producers_and_consumers_are_pushed_after_a_gap() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    description = described(owned())
    (producer,), (consumer,) = description.producers, description.consumers
    sent = [EncodingScore(encoding_idx=0, ssrc=7, score=4)]
    received = ConsumerScores(score=9, producer_score=4, producer_scores=[4])
    rig.backend.answers[DescribePeer] = description.model_copy(
        update={
            "producers": [producer.model_copy(update={"score": sent})],
            "consumers": [consumer.model_copy(update={"score": received})],
        }
    )
    miss_events(rig, client)
    await asyncio.sleep(LONGEST_PAUSE)
    assert client.socket.pushes() == ["producerScore", "consumerScore"]


async def test_the_node_is_asked_until_it_answers_and_once_for_several_gaps() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    rig.backend.answers[DescribePeer] = [unavailable(), unavailable(), described(owned())]
    for _ in range(3):
        miss_events(rig, client)
    await asyncio.sleep(60)
    assert [type(each) for each in rig.backend.node_requests] == [DescribePeer] * 3
    assert client.socket.pushes() == []


async def test_a_gap_during_the_answer_leads_to_another_request() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)

    async def answer(_: DescribePeer) -> PeerDescription:
        if len(rig.backend.node_requests) == 1:
            miss_events(rig, client)
            return described(owned())
        return described(OwnedResources(owned().transports, {}, owned().consumers))

    rig.backend.answers[DescribePeer] = answer
    miss_events(rig, client)
    await asyncio.sleep(60)
    assert client.socket.pushes() == ["producerClosed"]
    assert len(rig.backend.node_requests) == 2


async def test_resources_created_during_the_request_stay() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)

    async def answer(_: DescribePeer) -> PeerDescription:
        client.session.resources.producers["newer"] = "up"
        return described(owned())

    rig.backend.answers[DescribePeer] = answer
    miss_events(rig, client)
    await asyncio.sleep(60)
    assert client.socket.pushes() == []
    assert "newer" in client.session.resources.producers


def move(rig: SignalingRig, client: FakeClient) -> None:
    claim_id = rig.backend.peers[client.peer_id].claim_id
    rig.backend.change_peer(client.peer_id, peer_record(client.peer_id, placement=ANOTHER_NODE, claim_id=claim_id))


def remove(rig: SignalingRig, client: FakeClient) -> None:
    rig.backend.change_peer(client.peer_id, None, "removed")


@pytest.mark.parametrize(
    ("change", "pushed"),
    [
        pytest.param(move, ["transportClosed", "transportClosed", "peerMoved"], id="moved"),
        pytest.param(remove, ["roomClosed"], id="removed"),
    ],
)
async def test_an_answer_about_a_peer_that_has_moved_is_ignored(
    change: Callable[[SignalingRig, FakeClient], None], pushed: list[str]
) -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    peer_id = client.peer_id

    async def answer(_: DescribePeer) -> PeerDescription:
        change(rig, client)
        return described(OwnedResources())

    rig.backend.answers[DescribePeer] = answer
    rig.backend.media[peer_id].on_gap()
    await asyncio.sleep(60)
    assert client.socket.pushes() == pushed
    assert rig.backend.removed_producers() == []


async def test_a_closed_session_sends_no_more_requests() -> None:
    rig = SignalingRig()
    client = await client_with_media(rig)
    miss_events(rig, client)
    await client.ask("leaveRoom")
    await asyncio.sleep(60)
    assert rig.backend.node_requests == []


async def test_a_gap_while_joining_is_recovered_after_it() -> None:
    rig = SignalingRig()

    async def join(message: JoinRoom) -> Model:
        rig.backend.media[message.peer_id].on_gap()
        del rig.backend.answers[JoinRoom]
        return await rig.backend.registry(message)

    rig.backend.answers[JoinRoom] = join
    await rig.joined()
    await asyncio.sleep(60)
    assert [type(each) for each in rig.backend.node_requests] == [DescribePeer]


async def test_a_missed_closure_waits_for_the_answer_that_introduces_its_object() -> None:
    created: list[str] = []

    async def create(context: RequestContext, _request: Any) -> Done:
        created.append(context.new_id())
        direction: Direction = "send"
        context.resources.transports[created[0]] = OwnedTransport(direction, NODE)
        await asyncio.sleep(2 * LONGEST_PAUSE)
        return Done()

    rig = SignalingRig(with_handler("createTransport", create))
    client = await rig.joined()
    client.send("createTransport", {"direction": "send"})
    await asyncio.sleep(0.01)
    miss_events(rig, client)
    await asyncio.sleep(60)
    assert [event for event, _ in client.socket.sent] == ["ack", "transportClosed"]
