"""A room on two nodes, with fake cores: producers are carried to the node of those who consume them."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_contracts.bus.producer import CloseProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.speaker import ActiveSpeakerChanged
from hubbub_contracts.volume import PeerVolume
from hubbub_media_core import commands, events
from hubbub_media_node.domain.outgoing_links import UNNAMED
from hubbub_media_node.domain.pipe_table import LINGER, ObjectCounts
from hubbub_media_node.domain.worker_occupancy import WorkerOccupancy, count_occupancy
from hubbub_media_node.handlers import consumer, producer
from support.node_fakes import ROOM
from support.two_nodes import AUDIO, NodeOfTwo, TwoNodes, peer


@pytest.fixture
def nodes() -> TwoNodes:
    return TwoNodes()


async def test_a_consumer_on_another_node_opens_a_pipe(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    a, b = nodes.a, nodes.b
    ((here,), (there,)) = b.links(), a.links()
    assert (here.ice, here.remote_ice) == (there.remote_ice, there.ice)
    assert here.ice != here.remote_ice
    assert len(here.ice.ufrag) >= 16
    assert (here.remote, there.remote) == ("10.0.0.7:40000", "10.0.0.7:40000")
    ((mine,), (its,)) = b.srtp_keys(), a.srtp_keys()
    assert (mine.outbound, mine.inbound) == (its.inbound, its.outbound)
    assert mine.outbound != mine.inbound
    assert (mine.profile, len(mine.outbound)) == ("SRTP_AEAD_AES_256_GCM", 44)
    (sending,) = a.told(commands.CreatePipeConsumer)
    assert isinstance(sending, commands.CreatePipeConsumer)
    assert sending.producer == a.context.entities.producers["producer"].core_id
    (receiving,) = b.told(commands.CreateProducer)
    assert isinstance(receiving, commands.CreateProducer)
    ssrcs = [(one.ssrc, one.rtx_ssrc) for one in sending.spec.encodings]
    assert [(one.ssrc, one.rtx_ssrc) for one in receiving.spec.encodings] == ssrcs
    assert (receiving.spec.codecs, receiving.spec.extensions) == (sending.spec.codecs, sending.spec.extensions)
    assert receiving.spec.feedback == "transport-cc"
    assert "transport_cc" in {one.kind for one in receiving.spec.extensions}
    (consuming,) = b.told(commands.CreateConsumer)
    assert isinstance(consuming, commands.CreateConsumer)
    assert consuming.producer == receiving.producer
    assert count_occupancy(a.context.entities, 2)[0].pipes == ObjectCounts(transports=1, consumers=1)
    assert count_occupancy(b.context.entities, 2)[0] == WorkerOccupancy(1, 1, ObjectCounts(transports=1, producers=1))


async def test_without_a_hint_the_node_finds_the_producer_in_the_room(nodes: TwoNodes) -> None:
    await nodes.start()
    with pytest.raises(HubbubError) as caught:
        await nodes.consume(origin=None)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.NOT_FOUND, True)
    await nodes.b.room_has(nodes.alice("producer"))
    await nodes.consume(origin=None)
    assert nodes.remote.peer_id == "alice"


async def test_a_hint_that_names_this_node_is_not_followed(nodes: TwoNodes) -> None:
    await nodes.start()
    with pytest.raises(HubbubError) as caught:
        await nodes.consume(origin=nodes.b.placement)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.NOT_FOUND, True)
    assert nodes.b.nodes.requests == []


async def test_the_encodings_that_somebody_wants_are_sent(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    assert nodes.a.told(commands.SetPipedEncodings) == []
    for wanted in ((True, False, False), (True, False, True)):
        nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, wanted))
        await nodes.finish_tasks()
        assert nodes.a.core.commands[-1] == commands.SetPipedEncodings(
            consumer=nodes.pipe.end.core_id, encodings=wanted
        )


async def test_a_microphone_is_had_by_every_node_before_anybody_consumes_it(nodes: TwoNodes) -> None:
    await nodes.start(AUDIO)
    await nodes.b.room_has(nodes.alice("producer", kind="audio"), nodes.bob())
    assert nodes.remote.is_microphone
    assert nodes.a.told(commands.SetPipedEncodings) == [
        commands.SetPipedEncodings(consumer=nodes.pipe.end.core_id, encodings=(True,))
    ]
    await nodes.b.pass_time(0, 10 * LINGER)
    assert nodes.remote.end.exists, "it stays without consumers"


async def test_a_microphone_that_could_not_be_had_is_tried_again(nodes: TwoNodes) -> None:
    answer = nodes.b.nodes.answer

    async def no_answer(node: Placement, message: NodeRequest[Any]) -> Model:
        raise HubbubError(ErrorCode.UNAVAILABLE, "nobody answers", retryable=True)

    await nodes.start(AUDIO)
    nodes.b.nodes.answer = no_answer
    await nodes.b.room_has(nodes.alice("producer", kind="audio"), nodes.bob())
    nodes.b.nodes.answer = answer
    await nodes.b.pass_time(0)
    assert nodes.remote.is_microphone


async def test_pauses_follow_the_records_of_the_room(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    here = {"producer": nodes.remote.core_id}
    await nodes.b.room_has(nodes.alice("producer"))
    assert nodes.b.told(commands.PauseProducer, commands.ResumeProducer) == []
    await nodes.b.room_has(nodes.alice("producer", paused=True))
    await nodes.b.room_has(nodes.alice("producer"))
    assert nodes.b.told(commands.PauseProducer, commands.ResumeProducer) == [
        commands.PauseProducer(**here),
        commands.ResumeProducer(**here),
    ]


async def test_who_consumes_a_closed_producer_is_told_once(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    remote = nodes.remote
    await nodes.b.room_has(nodes.alice("producer"))
    await nodes.b.room_has(nodes.alice())
    assert nodes.b.told(commands.CloseProducer) == [commands.CloseProducer(producer=remote.core_id)]
    close_far_end(nodes, "requested")
    assert reasons(nodes.b) == ["producer_closed"]
    assert nodes.b.told(commands.CloseTransport) == [
        commands.CloseTransport(transport=remote.link.transport.core_id)
    ], "the link goes with the last producer"


def close_far_end(nodes: TwoNodes, reason: events.CloseReason) -> None:
    """The core closes Alice's producer on Bob's node, and Bob's consumer with it."""
    entities = nodes.b.context.entities
    bobs, remote = entities.consumers["consumer"], entities.incoming.by_end(entities.consumers["consumer"].source)
    assert remote is not None
    nodes.b.core_says(
        events.ConsumerClosed(bobs.core_id, "producer_closed"), events.ProducerClosed(remote.core_id, reason)
    )


def reasons(node: NodeOfTwo) -> list[str]:
    """Why consumers were closed, as their owners were told."""
    return [told.event.reason for told in node.publisher.events if isinstance(told.event, media.ConsumerClosed)]


@pytest.mark.parametrize("placement", [Placement(node_id="b", epoch=2), Placement(node_id="a", epoch=9)])
async def test_a_peer_that_moves_ends_what_is_had_of_it(nodes: TwoNodes, placement: Placement) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    await nodes.b.room_has(nodes.alice(placement=placement))
    close_far_end(nodes, "requested")
    assert reasons(nodes.b) == ["producer_closed"]


async def test_a_producer_that_the_records_do_not_have_yet_stays_for_a_while(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice())
    await nodes.b.pass_time(1, 9)
    assert nodes.b.told(commands.CloseProducer) == []
    nodes.b.replicas.complete = False
    await nodes.b.pass_time(50)
    assert nodes.b.told(commands.CloseProducer) == [], "nothing is proven without the bus"


async def test_a_registry_that_is_behind_ends_nothing_at_once(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    nodes.b.replicas.projections[ROOM].room_not_found()
    await nodes.b.pass_time(1, 5)
    assert nodes.b.told(commands.CloseProducer) == []
    await nodes.b.room_has(nodes.bob())
    assert nodes.b.told(commands.CloseProducer) == [], "a store that is rebuilt has one peer after the other"
    await nodes.b.room_has(nodes.alice("producer"))
    await nodes.b.pass_time(20, 25)
    assert nodes.b.told(commands.CloseProducer) == []


async def test_what_the_records_never_had_is_closed(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    far = nodes.remote.core_id
    await nodes.b.pass_time(1, 12)
    assert set(nodes.b.told(commands.CloseProducer)) == {commands.CloseProducer(producer=far)}


async def test_a_producer_that_its_node_has_closed_is_closed_here(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    alice, pipe = nodes.a.context.entities.producers["producer"], nodes.pipe
    await producer.close(nodes.a.context, CloseProducer(room_id=ROOM, peer_id="alice", producer_id="producer"))
    nodes.a.core_says(
        events.ConsumerClosed(pipe.end.core_id, "producer_closed"), events.ProducerClosed(alice.core_id, "requested")
    )
    nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, (True, False, False)))
    await nodes.finish_tasks()
    close_far_end(nodes, "requested")
    assert reasons(nodes.b) == ["producer_closed"], "though the records still have it"
    assert nodes.a.told(commands.CloseTransport) == [commands.CloseTransport(transport=pipe.link.transport.core_id)]


async def test_a_pipe_that_failed_at_the_other_node_ends_consumers_as_internal(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    nodes.a.core_says(events.ConsumerClosed(nodes.pipe.end.core_id, "internal"))
    nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, (True, False, False)))
    await nodes.finish_tasks()
    close_far_end(nodes, "requested")
    assert reasons(nodes.b) == ["internal"]
    await nodes.consume("again")
    assert nodes.pipe.end.exists


@pytest.mark.parametrize("reason", ["internal", "transport_closed"])
async def test_a_fault_here_ends_consumers_as_internal(nodes: TwoNodes, reason: events.CloseReason) -> None:
    await nodes.start()
    await nodes.consume()
    close_far_end(nodes, reason)
    assert reasons(nodes.b) == ["internal"]


async def test_an_unused_producer_is_closed_after_a_while_at_both_nodes(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    remote, pipe, bobs = nodes.remote, nodes.pipe, nodes.b.context.entities.consumers["consumer"]
    await nodes.b.pass_time(0, LINGER + 1)
    await consumer.close(nodes.b.context, CloseConsumer(room_id=ROOM, peer_id="bob", consumer_id="consumer"))
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    await nodes.b.pass_time(2 * LINGER)
    assert nodes.b.told(commands.CloseProducer) == []
    await nodes.b.pass_time(3 * LINGER)
    assert nodes.b.told(commands.CloseProducer) == [commands.CloseProducer(producer=remote.core_id)]
    nodes.b.core_says(events.ProducerClosed(remote.core_id, "requested"))
    nodes.b.core_says(events.TransportClosed(remote.link.transport.core_id, "requested"))
    await nodes.b.pass_time(3 * LINGER)
    assert pipe.state == (False, False, False)
    await nodes.a.pass_time(pipe.named_at + UNNAMED + 1)
    assert nodes.a.told(commands.CloseConsumer) == [commands.CloseConsumer(consumer=pipe.end.core_id)]
    nodes.a.core_says(events.ConsumerClosed(pipe.end.core_id, "requested"))
    nodes.a.core_says(events.TransportClosed(pipe.link.transport.core_id, "requested"))
    for node in (nodes.a, nodes.b):
        assert {each.pipes for each in count_occupancy(node.context.entities, 2)} == {ObjectCounts()}


@pytest.fixture
async def behind_gateway() -> TwoNodes:
    """Bob's worker got Alice's producer first, so that Carol's worker, on the same node, gets it from there."""
    nodes = TwoNodes(room_peers_per_worker=1)
    await nodes.start()
    await nodes.b.create_transport("carol", "recv", "carols")
    await nodes.consume()
    await nodes.consume("carols-consumer", "carols", "carol")
    await nodes.b.room_has(nodes.alice("producer"))
    return nodes


def bob_is_gone(nodes: TwoNodes) -> None:
    entities = nodes.b.context.entities
    nodes.b.core_says(
        events.ConsumerClosed(entities.consumers["consumer"].core_id, "transport_closed"),
        events.TransportClosed(entities.transports["down"].core_id, "ice_timeout"),
    )


async def test_other_workers_of_the_node_get_the_producer_from_there(behind_gateway: TwoNodes) -> None:
    nodes = behind_gateway
    assert len(nodes.a.told(commands.CreatePipeConsumer)) == 1, "it crosses the link once"
    (onward,) = nodes.b.told(commands.CreatePipeConsumer)
    assert isinstance(onward, commands.CreatePipeConsumer)
    assert onward.producer == nodes.remote.core_id


async def test_a_worker_that_others_need_stays_without_peers(behind_gateway: TwoNodes) -> None:
    nodes = behind_gateway
    entities, gateway = nodes.b.context.entities, nodes.remote.router
    bob_is_gone(nodes)
    assert nodes.b.told(commands.CloseRouter) == []
    carols, carol = entities.consumers["carols-consumer"], entities.transports["carols"]
    nodes.b.core_says(
        events.ConsumerClosed(carols.core_id, "transport_closed"),
        events.TransportClosed(carol.core_id, "ice_timeout"),
    )
    closed = {each.router for each in nodes.b.told(commands.CloseRouter) if isinstance(each, commands.CloseRouter)}
    assert closed == {gateway.core_id, carol.router.core_id}
    assert entities.rooms == {}


async def test_a_worker_that_nobody_needs_any_more_is_left(behind_gateway: TwoNodes) -> None:
    nodes = behind_gateway
    entities, gateway = nodes.b.context.entities, nodes.remote.router
    bob_is_gone(nodes)
    nodes.b.core_says(events.ConsumerClosed(entities.consumers["carols-consumer"].core_id, "requested"))
    await nodes.b.pass_time(0, LINGER)
    await nodes.b.pass_time(LINGER + 1)
    assert nodes.b.told(commands.CloseRouter) == [commands.CloseRouter(router=gateway.core_id)]
    assert list(entities.rooms) == [ROOM]


async def test_one_node_tells_who_speaks(nodes: TwoNodes) -> None:
    await nodes.start(AUDIO)
    a, b = nodes.a, nodes.b
    for node in (a, b):
        node.room_is(nodes.alice("producer", kind="audio"), nodes.bob(), home=a.placement)
    await nodes.finish_tasks()
    a.core_says(
        events.ActiveSpeaker(
            a.router().core_id, events.AudioVolume(a.context.entities.producers["producer"].core_id, -20)
        )
    )
    b.core_says(events.ActiveSpeaker(b.router().core_id, events.AudioVolume(nodes.remote.core_id, -20)))
    told = ActiveSpeakerChanged(speaker=PeerVolume(peer_id="alice", volume=-20))
    assert (a.speakers.events, b.speakers.events) == ([(ROOM, told)], [])
    bobs = peer("bob", b.placement, ("bobs",), "audio", paused=False)
    for node in (a, b):
        node.room_is(nodes.alice("producer", kind="audio"), bobs, home=b.placement)
    b.core_says(events.ActiveSpeaker(b.router().core_id, events.AudioVolume(nodes.remote.core_id, -20)))
    assert b.speakers.events == [(ROOM, told)], "the home tells, if somebody there has a microphone"


async def test_the_scores_at_the_other_node_reach_consumers(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    alice = nodes.a.context.entities.producers["producer"]
    nodes.a.core_says(events.ProducerScore(alice.core_id, (events.EncodingScore(0, 1, None, 4),)))
    nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, (True, False, False)))
    await nodes.finish_tasks()
    bobs = nodes.b.context.entities.consumers["consumer"]
    nodes.b.core_says(events.ConsumerScore(bobs.core_id, 8, 0, (9, 0, 0)))
    assert bobs.score is not None
    assert bobs.score.producer_scores == [4, 0, 0]
