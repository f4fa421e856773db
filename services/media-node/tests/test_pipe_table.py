"""Links and pipes: what the core is told, and when they end."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.types import MediaKind
from hubbub_media_core import commands, events
from hubbub_media_core.commands import Command
from hubbub_media_core.specs import EncodingSpec, ExtensionMapping, ProducerSpec
from hubbub_media_node.domain.cascade import Cascade
from hubbub_media_node.domain.codec_profiles import router_capabilities
from hubbub_media_node.domain.confirmation_tracker import ConfirmationTracker
from hubbub_media_node.domain.entities import Producer, Room, Router, Transport
from hubbub_media_node.domain.pipe_table import LINGER, CloseEvent, PipeTable
from hubbub_media_node.domain.pipes import Link, Pipe
from hubbub_media_node.domain.room_view import RoomView

Sent = list[tuple[int, Command]]


class World:
    """A room on workers 0 and 1, with an open pipe of a producer from 0 to 1."""

    def __init__(self, *, microphone: bool = False) -> None:
        self.ids = itertools.count(100)
        view = RoomView(Placement(node_id="node", epoch=1), lambda _: None, lambda: None)
        room = Room("room", "v1", router_capabilities("v1"), view, ConfirmationTracker(), Cascade("node", 8))
        self.here, self.there = (Router(core_id=1 + worker, room=room, worker=worker) for worker in (0, 1))
        room.routers = {0: self.here, 1: self.there}
        self.producer = producer(self.here, microphone=microphone)
        self.table = PipeTable()
        self.link = self.table.add_link(self.here, self.there, self.new_id)
        for end in self.link.transports:
            end.exists = True
        self.pipe = self.open(self.link)
        self.told()

    def new_id(self) -> int:
        return next(self.ids)

    def open(self, link: Link) -> Pipe:
        pipe = self.table.add(self.producer, self.there, link, self.new_id)
        pipe.consumer.exists = pipe.producer.exists = True
        self.table.origin_changed(self.producer)
        return pipe

    def told(self) -> Sent:
        """What the core is told now."""
        sent: Sent = []
        for changed in self.table.take_due():
            sent += changed.outstanding()
            if isinstance(changed, Pipe):
                changed.told = changed.state
        return sent

    def tend(self, now: float, *, used: bool = False) -> Sent:
        self.table.tend(now, lambda _: used)
        return self.told()


def producer(router: Router, *, microphone: bool) -> Producer:
    extensions = (ExtensionMapping(kind="audio_level", id=6),) if microphone else ()
    kind: MediaKind = "audio" if microphone else "video"
    encodings = (EncodingSpec(),) * (1 if microphone else 2)
    return Producer(
        id="producer",
        core_id=10,
        transport=Transport(id="transport", core_id=9, router=router, peer_id="alice", cname="cname"),
        kind=kind,
        request=CreateProducer(
            room_id="room",
            peer_id="alice",
            transport_id="transport",
            producer_id="producer",
            kind=kind,
            rtp_parameters={},
            paused=False,
        ),
        spec=ProducerSpec(kind=kind, codecs=(), encodings=encodings, extensions=extensions),
        consumable={"codecs": [], "headerExtensions": [], "encodings": [], "rtcp": {"reducedSize": True}},
        type="simple",
        paused=False,
    )


def want(world: World, *encodings: bool) -> None:
    world.table.want(world.pipe.producer.core_id, encodings)


def pause(world: World) -> None:
    world.producer.paused = True
    world.table.origin_changed(world.producer)


def encodings(world: World, *carried: bool) -> tuple[int, Command]:
    return 0, commands.SetPipedEncodings(consumer=world.pipe.consumer.core_id, encodings=carried)


def close_producer(world: World) -> tuple[int, Command]:
    return 1, commands.CloseProducer(producer=world.pipe.producer.core_id)


def close_consumer(world: World) -> tuple[int, Command]:
    return 0, commands.CloseConsumer(consumer=world.pipe.consumer.core_id)


def close_transport(world: World, end: int) -> tuple[int, Command]:
    return end, commands.CloseTransport(transport=world.link.transports[end].core_id)


CONSUMER, PRODUCER, NEAR, FAR = "consumer", "producer", "near", "far"


def closed(world: World, what: str, reason: events.CloseReason = "requested") -> None:
    """The core reports an end closed."""
    event_of: dict[str, CloseEvent] = {
        CONSUMER: events.ConsumerClosed(world.pipe.consumer.core_id, reason),
        PRODUCER: events.ProducerClosed(world.pipe.producer.core_id, reason),
        NEAR: events.TransportClosed(world.link.transports[0].core_id, reason),
        FAR: events.TransportClosed(world.link.transports[1].core_id, reason),
    }
    assert world.table.closed(event_of[what])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda w: want(w, True, False), lambda w: [encodings(w, True, False)], id="wanted"),
        pytest.param(lambda w: want(w, False, False), lambda _: [], id="nothing new"),
        pytest.param(lambda w: want(w, True), lambda _: [], id="another number of encodings"),
        pytest.param(lambda w: w.table.want(7, (True, True)), lambda _: [], id="another producer"),
        pytest.param(
            pause, lambda w: [(1, commands.PauseProducer(producer=w.pipe.producer.core_id))], id="the origin is paused"
        ),
        pytest.param(lambda w: w.table.close(w.pipe), lambda w: [close_consumer(w), close_producer(w)], id="closed"),
        pytest.param(lambda w: closed(w, CONSUMER), lambda w: [close_producer(w)], id="the core closed the consumer"),
        pytest.param(lambda w: closed(w, PRODUCER), lambda w: [close_consumer(w)], id="the core closed the producer"),
        pytest.param(lambda w: closed(w, NEAR), lambda w: [close_transport(w, 1)], id="the core closed a transport"),
        pytest.param(
            lambda w: w.table.close_links_of(w.there),
            lambda w: [close_transport(w, 0), close_transport(w, 1)],
            id="a router is closed",
        ),
    ],
)
def test_the_core_is_told_each_change_once(change: Callable[[World], None], told: Callable[[World], Sent]) -> None:
    world = World()
    change(world)
    assert world.told() == told(world)
    assert world.told() == []


def test_a_paused_producer_is_resumed() -> None:
    world = World()
    pause(world)
    world.told()
    world.producer.paused = False
    world.table.origin_changed(world.producer)
    assert world.told() == [(1, commands.ResumeProducer(producer=world.pipe.producer.core_id))]


def test_a_microphone_is_always_carried() -> None:
    world = World(microphone=True)
    assert world.pipe.told.encodings == (True,)
    want(world, False)
    assert world.told() == []
    assert world.tend(0) == world.tend(LINGER) == world.tend(9 * LINGER) == []


def test_a_pipe_is_closed_some_time_after_its_last_consumer() -> None:
    world = World()
    assert world.tend(0) == []
    assert world.tend(LINGER - 0.1) == []
    assert world.tend(LINGER, used=True) == []
    assert world.tend(LINGER + 1) == []
    assert world.tend(2 * LINGER + 0.9) == []
    assert world.tend(2 * LINGER + 1) == [close_consumer(world), close_producer(world)]
    assert world.table.find(world.producer, world.there) is None


def test_a_link_is_closed_with_its_last_pipe() -> None:
    world = World()
    world.table.close(world.pipe)
    world.told()
    closed(world, CONSUMER)
    assert world.told() == [close_producer(world)]
    closed(world, PRODUCER)
    assert world.told() == [close_transport(world, 0), close_transport(world, 1)]
    assert world.table.find_link(world.there, world.here) is None
    closed(world, NEAR)
    closed(world, FAR)
    world.told()
    assert world.tend(0) == []
    assert not world.table.closed(events.TransportClosed(world.link.transports[0].core_id, "requested"))


def test_what_the_core_has_not_closed_is_closed_again() -> None:
    world = World()
    world.table.close(world.pipe)
    world.told()
    closed(world, CONSUMER)
    world.told()
    assert world.tend(0) == [close_producer(world)]


def test_another_pipe_can_be_opened_while_one_is_closing() -> None:
    world = World()
    former = world.pipe
    world.table.close(former)
    world.pipe = world.open(world.link)
    world.told()
    assert world.table.find(world.producer, world.there) is world.pipe
    assert len(world.table) == 1
    for event in (
        events.ConsumerClosed(former.consumer.core_id, "requested"),
        events.ProducerClosed(former.producer.core_id, "requested"),
    ):
        assert world.table.closed(event)
    assert world.table.find(world.producer, world.there) is world.pipe
    assert world.told() == [], "the link is in use"


@pytest.mark.parametrize(("reason", "is_origin"), [("producer_closed", True), ("internal", False)])
def test_a_closed_origin_is_told_from_a_fault(reason: events.CloseReason, *, is_origin: bool) -> None:
    world = World()
    closed(world, CONSUMER, reason)
    assert world.pipe.origin_closed == is_origin


def test_objects_of_peers_are_none_of_its_business() -> None:
    world = World()
    others = (
        events.TransportClosed(1, "requested"),
        events.ConsumerClosed(1, "requested"),
        events.ProducerClosed(10, "requested"),
    )
    assert not any(world.table.closed(event) for event in others)


def test_a_link_never_uses_an_ssrc_twice() -> None:
    world = World()
    blocks = [world.link.ssrcs.block() for _ in range(100)]
    assert all(second - first >= 8 for first, second in itertools.pairwise(blocks))
    assert blocks[0] > 0
