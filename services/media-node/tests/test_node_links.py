"""Links between two nodes, with fake cores: when they are made, shared, refused, lost and closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.pipe import OpenPipe, PipesWanted, WantPipes
from hubbub_contracts.bus.producer import CloseProducer
from hubbub_contracts.bus.records import Placement
from hubbub_media_core import commands, events
from hubbub_media_core.commands import Command
from hubbub_media_node.domain.outgoing_links import SILENCE
from hubbub_media_node.handlers import consumer, producer
from support.node_fakes import ROOM
from support.node_rig import fixture
from support.two_nodes import CAPABILITIES, NodeOfTwo, TwoNodes, peer


@pytest.fixture
def nodes() -> TwoNodes:
    return TwoNodes()


async def test_consumers_at_once_share_a_pipe_and_producers_a_link(nodes: TwoNodes) -> None:
    await nodes.start()
    await asyncio.gather(*(nodes.consume(f"consumer{number}") for number in range(3)))
    assert len(nodes.a.links()) == len(nodes.b.links()) == 1
    assert len(nodes.a.told(commands.CreatePipeConsumer)) == 1
    track = fixture("chromium-156/produce-video-vp8-simulcast3.json")
    await producer.close(nodes.a.context, CloseProducer(room_id=ROOM, peer_id="alice", producer_id="producer"))
    await producer.create(
        nodes.a.context,
        nodes.a.context.entities.producers["producer"].request.model_copy(
            update={"producer_id": "second", "rtp_parameters": other_ssrcs(track["rtpParameters"])}
        ),
    )
    await nodes.consume("another", producer_id="second")
    assert len(nodes.a.links()) == len(nodes.b.links()) == 1
    first, second = nodes.a.told(commands.CreatePipeConsumer)
    assert isinstance(first, commands.CreatePipeConsumer)
    assert isinstance(second, commands.CreatePipeConsumer)
    used = [one.ssrc for each in (first, second) for one in each.spec.encodings]
    assert len(set(used)) == 6, "each SSRC is used once under the keys of a link"


def other_ssrcs(parameters: dict[str, Any]) -> dict[str, Any]:
    rids = [{**each, "rid": f"other{index}"} for index, each in enumerate(parameters["encodings"])]
    return {**parameters, "mid": "9", "encodings": rids}


async def test_nodes_that_need_producers_of_each_other_have_a_link_each_way(nodes: TwoNodes) -> None:
    await nodes.start()
    a, b = nodes.a, nodes.b
    await b.create_transport("bob", "send", "up")
    bobs = a.context.entities.producers["producer"].request.model_copy(
        update={"peer_id": "bob", "transport_id": "up", "producer_id": "bobs"}
    )
    await producer.create(b.context, bobs)
    await a.create_transport("alice", "recv", "alices")
    await a.room_has(peer("bob", b.placement, ("bobs",), "video", paused=False))
    back = consumer_request("alice", "alices", "bobs", b.placement)
    await asyncio.gather(nodes.consume(), consumer.create(a.context, back))
    assert len(a.links()) == len(b.links()) == 2
    assert len({key.outbound for node in (a, b) for key in node.srtp_keys()}) == 4


def consumer_request(peer_id: str, transport_id: str, producer_id: str, origin: Placement) -> Any:
    return CreateConsumer(
        room_id=ROOM,
        peer_id=peer_id,
        consumer_id=f"{peer_id}-{producer_id}",
        transport_id=transport_id,
        producer_id=producer_id,
        rtp_capabilities=CAPABILITIES,
        origin=origin,
    )


async def test_an_older_message_that_arrives_late_has_no_effect(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, (True, True, True)))
    await nodes.finish_tasks()
    late = WantPipes(room_id=ROOM, link_id=nodes.pipe.link.id, sequence=0, wanted={})
    await nodes.b.nodes.request(nodes.a.placement, late)
    assert nodes.pipe.state == (True, True, True)


async def test_a_link_of_a_dead_node_is_closed(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.a.room_has(nodes.alice("producer"))
    pipe, core_id = nodes.pipe, nodes.pipe.link.transport.core_id
    nodes.a.core_says(events.IceSelected(core_id, "connected", ("10.0.0.8", 1), "10.0.0.7", "udp"))
    await nodes.a.pass_time(pipe.link.heard_at + 100)
    assert nodes.a.told(commands.CloseTransport) == [], "the bus may be away: the checks still arrive"
    nodes.a.core_says(events.IceSelected(core_id, "disconnected", ("10.0.0.8", 1), "10.0.0.7", "udp"))
    await nodes.a.pass_time(pipe.link.heard_at + SILENCE - 1)
    assert nodes.a.told(commands.CloseTransport) == []
    await nodes.a.pass_time(pipe.link.heard_at + SILENCE)
    assert nodes.a.told(commands.CloseTransport) == [commands.CloseTransport(transport=core_id)]


async def test_a_lost_connection_closes_nothing(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"), nodes.bob())
    core_id = nodes.remote.link.transport.core_id
    assert nodes.b.context.entities.count_links() == {"connected": 0, "relayed": 0, "lost": 1}
    assert nodes.b.context.entities.count_remote_producers() == {nodes.a.placement.node_id: 1}
    assert nodes.a.context.entities.count_remote_producers() == {}
    nodes.b.core_says(events.IceSelected(core_id, "connected", ("10.0.0.8", 1), "10.0.0.7", "udp"))
    assert nodes.b.context.entities.count_links() == {"connected": 1, "relayed": 0, "lost": 0}
    for state in ("connected", "disconnected"):
        nodes.b.core_says(events.IceSelected(core_id, state, ("10.0.0.8", 1), "10.0.0.7", "udp"))
        await nodes.b.pass_time(1, 100)
    assert nodes.b.told(commands.CloseProducer, commands.CloseTransport) == []


@pytest.mark.parametrize(
    ("where", "refused"),
    [
        ("a", commands.CreatePipeTransport),
        ("a", commands.SetSrtpKeys),
        ("a", commands.CreatePipeConsumer),
        ("b", commands.CreatePipeTransport),
        ("b", commands.SetSrtpKeys),
        ("b", commands.CreateProducer),
    ],
)
async def test_what_a_core_refuses_leaves_nothing_behind(nodes: TwoNodes, where: str, refused: type[Command]) -> None:
    await nodes.start()
    node: NodeOfTwo = getattr(nodes, where)
    node.core.errors[refused] = "busy"
    with pytest.raises(HubbubError) as caught:
        await nodes.consume()
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.UNAVAILABLE, True)
    assert node.context.entities.incoming.links == []
    assert node.context.entities.outgoing.links == []
    assert nodes.b.context.entities.consumers == {}
    del node.core.errors[refused]
    await nodes.consume()
    assert nodes.remote.end.exists


async def test_a_link_without_ssrcs_is_replaced_by_another(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    link = nodes.pipe.link
    link.is_full = True
    nodes.b.core_says(events.ProducerClosed(nodes.remote.core_id, "internal"))
    await nodes.consume("again")
    assert len(nodes.a.context.entities.outgoing.links) == 2


async def test_a_node_that_answers_late_does_not_hold_up_everybody(nodes: TwoNodes) -> None:
    await nodes.start()
    asked = asyncio.Event()
    answer = nodes.b.nodes.answer

    async def late(node: Placement, message: NodeRequest[Any]) -> Model:
        await asked.wait()
        return await answer(node, message)

    nodes.b.nodes.answer = late
    opening = asyncio.ensure_future(nodes.consume())
    while not nodes.b.nodes.requests:
        await asyncio.sleep(0)
    nodes.b.core_says(events.TransportClosed(nodes.b.context.entities.transports["down"].core_id, "ice_timeout"))
    asked.set()
    with pytest.raises(HubbubError) as caught:
        await opening
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert nodes.b.context.entities.incoming.links == []


async def test_a_repeated_request_gets_the_same_answer(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    _, request = nodes.b.nodes.requests[0]
    assert isinstance(request, OpenPipe)
    again = await nodes.b.nodes.request(nodes.a.placement, request)
    once_more = await nodes.b.nodes.request(nodes.a.placement, request)
    assert again == once_more
    assert len(nodes.a.told(commands.CreatePipeConsumer)) == 1


async def test_an_unknown_link_carries_nothing(nodes: TwoNodes) -> None:
    await nodes.start()
    request = WantPipes(room_id=ROOM, link_id="unknown", sequence=1, wanted={"producer": [True], "gone": [True]})
    assert await nodes.b.nodes.request(nodes.a.placement, request) == PipesWanted(closed=["gone"], missing=["producer"])
