"""The node that is a peer's standby, with fake cores: what it has of the peer does nothing until it hosts the peer."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.consumer import PauseConsumer, RequestKeyFrame, ResumeConsumer
from hubbub_contracts.bus.moderation_records import Moderation, MutedSource
from hubbub_contracts.bus.node import DescribePeer
from hubbub_contracts.bus.producer import PauseProducer, ResumeProducer
from hubbub_contracts.bus.records import RoomRecord, Standby
from hubbub_media_core import commands, events
from hubbub_media_node.domain.confirmation_tracker import DEFAULT_TIMEOUT
from hubbub_media_node.domain.room_view import Movers
from hubbub_media_node.handlers.drain import count_behind, count_movers
from hubbub_room import SettingsChanged
from support.moving_peer import Replaced
from support.node_fakes import ROOM
from support.standby_peer import StandbyNodes
from support.two_nodes import AUDIO, NodeOfTwo

HELD: dict[str, Any] = {"room_id": ROOM, "peer_id": "bob", "consumer_id": "held"}


@pytest.fixture
async def nodes() -> StandbyNodes:
    return await StandbyNodes.standing_by()


def copy_of(nodes: StandbyNodes) -> Any:
    return nodes.c.context.entities.producers["producer"]


def closes(node: NodeOfTwo) -> list[Any]:
    return node.told(commands.CloseProducer, commands.CloseTransport, commands.CloseConsumer)


async def test_nobody_gets_a_copy_and_it_stays(nodes: StandbyNodes) -> None:
    late = await nodes.consumes(nodes.c, "carol", "carols", "late")
    assert late.source == nodes.copy(nodes.c, nodes.a).core_id
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT, 2 * DEFAULT_TIMEOUT)
    for node in nodes.all:
        assert closes(node) == nodes.asked(node) == []
    assert nodes.closures() == []


async def test_a_copy_that_is_not_registered_is_closed_and_nobody_told(nodes: StandbyNodes) -> None:
    await nodes.everywhere(nodes.with_standby())
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT)
    assert closes(nodes.c) == [commands.CloseProducer(producer=copy_of(nodes).core_id)]
    nodes.core_closes(nodes.c)
    assert nodes.closures() == []


async def test_a_copy_that_its_record_lacks_after_the_promotion_is_closed_and_nobody_told(nodes: StandbyNodes) -> None:
    lost = nodes.promoted().model_copy(update={"producers": []})
    await nodes.c.room_has(lost)
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT)
    assert commands.CloseProducer(producer=copy_of(nodes).core_id) in closes(nodes.c)
    nodes.core_closes(nodes.c)
    assert [each for each in nodes.closures() if each[0] == "alice"] == []


async def test_its_owner_hears_nothing_of_a_copy_before_the_promotion(nodes: StandbyNodes) -> None:
    nodes.c.core_says(
        events.LayersWanted(copy_of(nodes).core_id, (True, False, False)),
        events.ProducerScore(copy_of(nodes).core_id, ()),
    )
    assert [each for each in nodes.c.publisher.events if each.peer_id == "alice"] == []
    await nodes.promote()
    assert len([each for each in nodes.c.publisher.events if each.peer_id == "alice"]) == 2


@pytest.mark.parametrize("direction", ["send", "recv"])
async def test_a_transport_that_is_made_after_its_standby_has_ended_is_closed(
    nodes: StandbyNodes, direction: Any
) -> None:
    await nodes.everywhere(nodes.without_standby())
    await nodes.c.create_transport("alice", direction, "late")
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT)
    late = nodes.c.context.entities.transports["late"]
    assert commands.CloseTransport(transport=late.core_id) in closes(nodes.c)


async def test_its_owner_hears_nothing_of_a_copy_while_the_room_is_not_known(nodes: StandbyNodes) -> None:
    def happens() -> None:
        nodes.c.core_says(
            events.LayersWanted(copy_of(nodes).core_id, (False, False, False)),
            events.ProducerScore(copy_of(nodes).core_id, ()),
        )

    happens()
    nodes.c.replicas.projections[ROOM].room_not_found()
    await nodes.c.pass_time(0)
    happens()
    await nodes.c.room_has(nodes.with_standby("producer"))
    assert [each for each in nodes.c.publisher.events if each.peer_id == "alice"] == []
    await nodes.promote()
    told: list[Any] = [each.event for each in nodes.c.publisher.events if each.peer_id == "alice"]
    assert [each.transport_id for each in told] == ["copies", "copies"]


@pytest.mark.parametrize("track", [AUDIO, "produce-video-vp8-simulcast3"])
async def test_the_end_of_a_standby_closes_all_of_it_at_once_and_nobody_is_told(track: str) -> None:
    nodes = await StandbyNodes.standing_by(track, room_peers_per_worker=1)
    copy = copy_of(nodes)
    transports = [each for each in nodes.c.room().transports() if each.peer_id == "alice"]
    await nodes.everywhere(nodes.without_standby())
    assert closes(nodes.c) == [commands.CloseTransport(transport=each.core_id) for each in transports]
    nodes.c.core_says(events.ProducerClosed(copy.core_id, "transport_closed"))
    nodes.c.core_says(*(events.TransportClosed(each.core_id, "requested") for each in transports))
    assert nodes.asked(nodes.c) == []
    assert nodes.closures() == []
    carols = nodes.c.context.entities.consumers["carols"]
    assert nodes.c.context.entities.origin_by_core_id(carols.source) is nodes.copy(nodes.c, nodes.a)


async def test_another_standby_ends_this_one(nodes: StandbyNodes) -> None:
    await nodes.everywhere(nodes.with_standby(on=nodes.b))
    assert len(nodes.c.told(commands.CloseTransport)) == 2
    assert nodes.closures() == []


async def test_consumers_are_held_until_the_promotion(nodes: StandbyNodes) -> None:
    held = await nodes.bob_has_a_standby()
    paused = await nodes.consumes_on_standby("paused", paused=True)
    await nodes.c.pass_time(0, DEFAULT_TIMEOUT)
    assert not held.paused
    assert not nodes.runs(nodes.c, held)
    nodes.at_once(nodes.c, nodes.bobs(at=nodes.c.placement))
    assert nodes.runs(nodes.c, held), "before anything that awaits"
    await nodes.finish_tasks()
    assert not nodes.runs(nodes.c, paused)
    assert closes(nodes.c) == []


async def test_a_pause_says_what_holds_after_the_promotion(nodes: StandbyNodes) -> None:
    started = await nodes.bob_has_a_standby()
    resumed = await nodes.consumes_on_standby("resumed", paused=True)
    await nodes.handle(nodes.c, PauseConsumer(**HELD))
    await nodes.handle(nodes.c, ResumeConsumer(**HELD | {"consumer_id": "resumed"}))
    await nodes.handle(nodes.c, RequestKeyFrame(**HELD | {"consumer_id": "resumed"}))
    described = await nodes.handle(nodes.c, DescribePeer(room_id=ROOM, peer_id="bob"))
    assert {each.consumer_id: each.paused for each in described.consumers} == {"held": True, "resumed": False}
    assert nodes.c.told(commands.RequestKeyFrame) == []
    assert not nodes.runs(nodes.c, resumed)
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    assert nodes.runs(nodes.c, resumed)
    assert not nodes.runs(nodes.c, started)


async def test_consumers_of_a_standby_that_this_node_hears_of_later_are_held_then(nodes: StandbyNodes) -> None:
    view = nodes.c.room().view
    record = view._peers.pop("bob")
    await nodes.c.create_transport("bob", "recv", "bobs")
    early = await nodes.consumes_on_standby()
    assert nodes.runs(nodes.c, early), "the room has no such peer yet"
    nodes.at_once(nodes.c, record.model_copy(update={"standby": Standby(placement=nodes.c.placement)}))
    assert not nodes.runs(nodes.c, early)
    assert not early.paused
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    assert nodes.runs(nodes.c, early)


async def test_consumers_are_held_even_if_the_record_does_not_name_the_standby_yet(nodes: StandbyNodes) -> None:
    await nodes.c.create_transport("bob", "recv", "bobs")
    early = await nodes.consumes_on_standby()
    assert not nodes.runs(nodes.c, early)
    await nodes.c.room_has(nodes.bobs(standby=Standby(placement=nodes.c.placement)))
    assert not nodes.runs(nodes.c, early)
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    assert nodes.runs(nodes.c, early)


async def test_consumers_are_released_if_their_transport_is_older_than_what_is_known_of_the_peer(
    nodes: StandbyNodes,
) -> None:
    record = nodes.bobs(standby=Standby(placement=nodes.c.placement))
    nodes.c.replicas.projections[ROOM].room_not_found()
    await nodes.c.create_transport("bob", "recv", "bobs")
    nodes.c.sequence -= 5  # as of a snapshot that is older than the last change
    nodes.c.room_is(nodes.without_standby(), record)
    nodes.c.sequence += 5
    early = await nodes.consumes_on_standby()
    assert not nodes.runs(nodes.c, early)
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    assert nodes.runs(nodes.c, early)


async def test_consumers_of_a_peer_that_moves_are_not_held(nodes: StandbyNodes) -> None:
    await nodes.everywhere(nodes.moving(behind=True))
    assert nodes.closures() == []
    there = await nodes.consumes(nodes.a, "dave", "daves", "there")
    await nodes.a.create_transport("alice", "recv", "former")
    await nodes.c.create_transport("alice", "recv", "next")
    for node, transport_id in ((nodes.a, "former"), (nodes.c, "next")):
        own = await nodes.consumes(node, "alice", transport_id, f"own-{transport_id}")
        assert not own.is_held
    assert not there.is_held


async def test_a_room_that_is_not_known_releases_nobody(nodes: StandbyNodes) -> None:
    held = await nodes.bob_has_a_standby()
    nodes.c.replicas.projections[ROOM].room_not_found()
    await nodes.c.pass_time(0)
    assert not nodes.runs(nodes.c, held)


async def test_a_consumer_that_a_busy_core_does_not_start_is_started_later(nodes: StandbyNodes) -> None:
    held = await nodes.bob_has_a_standby()
    nodes.c.core.errors = {commands.ResumeConsumer: "busy"}
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    nodes.c.core.errors = {}
    assert not held.runs
    await nodes.c.pass_time(0)
    assert held.runs


async def test_a_copy_is_paused_as_the_records_say(nodes: StandbyNodes) -> None:
    copy = copy_of(nodes)
    await nodes.everywhere(nodes.with_standby("producer", paused=True))
    assert copy.paused
    assert nodes.c.told(commands.PauseProducer)[-1] == commands.PauseProducer(producer=copy.core_id)
    await nodes.everywhere(nodes.with_standby("producer"))
    assert not copy.paused
    await nodes.everywhere(nodes.promoted(paused=True))
    assert copy.paused
    await nodes.c.room_has(nodes.promoted())
    assert copy.paused, "its client says so from now on"


async def test_a_pause_of_its_peer_that_precedes_the_record_stays(nodes: StandbyNodes) -> None:
    copy = copy_of(nodes)
    request = {"room_id": ROOM, "peer_id": "alice", "producer_id": "producer"}
    await nodes.handle(nodes.c, PauseProducer(**request))
    await nodes.c.room_has(nodes.promoted())
    await nodes.c.pass_time(0)
    assert copy.paused, "the record does not say so yet"
    await nodes.c.room_has(nodes.promoted(paused=True))
    assert copy.paused
    await nodes.handle(nodes.c, ResumeProducer(**request))
    assert not copy.paused


async def test_a_moderator_mutes_a_copy(nodes: StandbyNodes) -> None:
    copy = copy_of(nodes)
    settings = RoomRecord(room_id=ROOM, call_id="call", codec_profile="v1", created_at=0)
    muted = settings.model_copy(update={"moderation": Moderation(muted=[MutedSource(user_id="user", source="camera")])})
    nodes.c.sequence += 1
    nodes.c.replicas.projections[ROOM].apply(SettingsChanged(nodes.c.sequence, muted, ""))
    await nodes.finish_tasks()
    assert copy.paused
    await nodes.c.room_has(nodes.with_standby("producer"))
    await nodes.c.pass_time(0)
    assert copy.paused, "the record does not say so yet"
    await nodes.promote()
    assert copy.paused
    assert copy.is_muted()


async def test_a_drain_does_not_wait_for_standbys(nodes: StandbyNodes) -> None:
    able = {"make_before_break": True}
    await nodes.everywhere(nodes.with_standby("producer").model_copy(update=able))
    assert (count_movers(nodes.c.context), count_behind(nodes.c.context)) == (Movers(), 0)
    await nodes.everywhere(nodes.without_standby().model_copy(update=able))
    assert (count_movers(nodes.c.context), count_behind(nodes.c.context)) == (Movers(), 0)


async def test_no_router_gets_a_microphone_that_stands_by() -> None:
    nodes = await StandbyNodes.standing_by(AUDIO, room_peers_per_worker=1)
    assert len(nodes.c.room().routers) == 2
    copy = copy_of(nodes)
    await nodes.c.pass_time(0)
    assert nodes.c.context.entities.pipes.of(copy) == []
    await nodes.promote()
    assert len(nodes.c.context.entities.pipes.of(copy)) == 1


async def test_a_peer_that_moves_to_its_standby_makes_its_producers_anew(nodes: StandbyNodes) -> None:
    copy = copy_of(nodes)
    await nodes.everywhere(nodes.moving(behind=True))
    await nodes.c.create_transport("alice", "send", "next")
    await nodes.produces_on(nodes.c, "next")
    assert closes(nodes.c) == [commands.CloseProducer(producer=copy.core_id)]
    nodes.c.core_says(events.ProducerClosed(copy.core_id, "requested"))
    made = copy_of(nodes)
    assert made.transport.id == "next"
    await nodes.move()
    assert nodes.asked(nodes.b) == [Replaced(nodes.copy(nodes.b, nodes.a), nodes.copy(nodes.b, nodes.c))]
    assert nodes.copy(nodes.c, nodes.c) is made
    assert nodes.closures() == []
