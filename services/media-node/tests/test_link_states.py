"""What peers are told of a link between two nodes that is lost, and when it is back. With fake cores."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_contracts.bus.media import ConsumerClosed, ConsumerPaused, ConsumerResumed
from hubbub_contracts.bus.node import DescribePeer
from hubbub_media_core import events
from hubbub_media_node.domain.node_links import NodeLink
from hubbub_media_node.handlers import consumer, peer
from support.node_fakes import ROOM
from support.two_nodes import AUDIO, NodeOfTwo, TwoNodes


@pytest.fixture
def nodes() -> TwoNodes:
    return TwoNodes()


def becomes(node: NodeOfTwo, link: NodeLink[Any], *states: events.IceState) -> None:
    """The core of a node finds a link in these states, one after the other."""
    for state in states:
        node.core_says(events.IceSelected(link.transport.core_id, state, ("10.0.0.8", 1), "10.0.0.7", "udp"))


def told(node: NodeOfTwo, reason: str = "link") -> list[tuple[str, str]]:
    """The pauses that peers of a node were told, by consumer."""
    seen = (each.event for each in node.publisher.events)
    return [
        ("paused" if isinstance(event, ConsumerPaused) else "resumed", event.consumer_id)
        for event in seen
        if isinstance(event, ConsumerPaused | ConsumerResumed) and event.reason == reason
    ]


@pytest.mark.parametrize("before", ["new", "connected"])
@pytest.mark.parametrize("track", [AUDIO, "produce-video-vp8-simulcast3"])
async def test_consumers_behind_a_lost_link_are_told_once_each_way(
    nodes: TwoNodes, track: str, before: events.IceState
) -> None:
    await nodes.start(track)
    await nodes.consume()
    link = nodes.remote.link
    becomes(nodes.b, link, before)
    assert told(nodes.b) == []
    becomes(nodes.b, link, "disconnected", "disconnected")
    assert told(nodes.b) == [("paused", "consumer")]
    becomes(nodes.b, link, "connected", "connected")
    assert told(nodes.b) == [("paused", "consumer"), ("resumed", "consumer")]


async def test_consumers_on_the_other_workers_are_told_as_well() -> None:
    nodes = TwoNodes(room_peers_per_worker=1)
    await nodes.start()
    await nodes.b.create_transport("carol", "recv", "carols")
    await nodes.consume()
    await nodes.consume("carols-consumer", "carols", "carol")
    becomes(nodes.b, nodes.remote.link, "connected", "disconnected")
    assert sorted(told(nodes.b)) == [("paused", "carols-consumer"), ("paused", "consumer")]
    assert {each.peer_id for each in nodes.b.publisher.events} == {"bob", "carol"}


async def test_the_node_that_sends_tells_nobody(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.a.create_transport("alice", "recv", "alices")
    await nodes.consume()
    becomes(nodes.a, nodes.pipe.link, "connected", "disconnected")
    assert nodes.a.context.entities.count_links() == {"connected": 0, "relayed": 0, "lost": 1}
    assert told(nodes.a) == []


async def test_a_consumer_that_is_created_behind_a_lost_link_is_told_after_that(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    becomes(nodes.b, nodes.remote.link, "disconnected")
    await nodes.consume("late")
    assert told(nodes.b) == [("paused", "consumer"), ("paused", "late")]
    await nodes.consume("late")
    assert len(told(nodes.b)) == 2, "also when the request is repeated"
    becomes(nodes.b, nodes.remote.link, "connected")
    assert sorted(told(nodes.b)[2:]) == [("resumed", "consumer"), ("resumed", "late")]


async def test_each_reason_of_a_pause_is_told_by_itself(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    core_id = nodes.b.context.entities.consumers["consumer"].core_id
    nodes.b.core_says(events.BandwidthPause(core_id, True))
    becomes(nodes.b, nodes.remote.link, "disconnected")
    described = await peer.describe(nodes.b.context, DescribePeer(room_id=ROOM, peer_id="bob"))
    assert [(each.paused_by_bandwidth, each.paused_by_link) for each in described.consumers] == [(True, True)]
    nodes.b.core_says(events.BandwidthPause(core_id, False))
    described = await peer.describe(nodes.b.context, DescribePeer(room_id=ROOM, peer_id="bob"))
    assert [(each.paused_by_bandwidth, each.paused_by_link) for each in described.consumers] == [(False, True)]
    assert told(nodes.b, "bandwidth") == [("paused", "consumer"), ("resumed", "consumer")]
    assert told(nodes.b) == [("paused", "consumer")]


async def test_a_node_that_died_closes_what_was_paused(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.b.room_has(nodes.alice("producer"))
    remote, bobs = nodes.remote, nodes.b.context.entities.consumers["consumer"]
    becomes(nodes.b, remote.link, "connected", "disconnected")
    await nodes.b.room_has(nodes.alice(placement=nodes.b.placement))
    nodes.b.core_says(
        events.ConsumerClosed(bobs.core_id, "producer_closed"), events.ProducerClosed(remote.core_id, "requested")
    )
    last = nodes.b.publisher.events[-1].event
    assert isinstance(last, ConsumerClosed)
    assert last.reason == "producer_closed"
    becomes(nodes.b, remote.link, "connected")
    assert told(nodes.b) == [("paused", "consumer")]


async def test_a_consumer_that_is_gone_is_told_nothing(nodes: TwoNodes) -> None:
    await nodes.start()
    await nodes.consume()
    await nodes.consume("other")
    bobs = nodes.b.context.entities.consumers["consumer"]
    await consumer.close(nodes.b.context, CloseConsumer(room_id=ROOM, peer_id="bob", consumer_id="consumer"))
    nodes.b.core_says(events.ConsumerClosed(bobs.core_id, "requested"))
    becomes(nodes.b, nodes.remote.link, "connected", "disconnected")
    assert told(nodes.b) == [("paused", "other")]
