"""A node on which a room has only standbys, with fake cores: nobody hears the room there, and nothing is sent there."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.pipe import OpenPipe, WantPipes
from hubbub_contracts.bus.records import PeerRecord, Standby
from hubbub_media_core import commands, events
from support.node_fakes import ROOM
from support.standby_peer import StandbyNodes
from support.two_nodes import AUDIO, peer


class Nodes(StandbyNodes):
    """Node c is the standby of Bob, who is on node b, and has no other peers. Alice speaks, or is seen, on node a."""

    @classmethod
    async def with_standby_only(cls, track: str) -> Nodes:
        nodes = cls()
        await nodes.start(track)
        nodes.kind = "audio" if track == AUDIO else "video"
        await nodes.c.create_transport("bob", "recv", "bobs")
        await nodes.everywhere(nodes.without_standby(), nodes.bobs(standby=Standby(placement=nodes.c.placement)))
        return nodes

    def asked_by_c(self, kind: type[Any]) -> list[Any]:
        """The requests of node c to node a."""
        return [one for where, one in self.c.nodes.requests if where == self.a.placement and isinstance(one, kind)]

    def sent_to_c(self) -> tuple[bool, ...]:
        """The encodings that node a sends to node c."""
        (link,) = [each for each in self.a.context.entities.outgoing.links if each.node == self.c.placement]
        pipe = link.find("producer")
        assert pipe is not None
        return pipe.told


async def test_it_gets_no_microphones_until_it_hosts_somebody() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.c.pass_time(0)
    assert nodes.asked_by_c(OpenPipe) == []
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    assert len(nodes.asked_by_c(OpenPipe)) == 1


async def test_the_pipe_of_a_held_consumer_carries_nothing() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.consumes_on_standby()
    remote = nodes.copy(nodes.c, nodes.a)
    nodes.c.core_says(events.LayersWanted(remote.core_id, (True,)))  # routers want every microphone
    await nodes.finish_tasks()
    told = nodes.asked_by_c(WantPipes)[-1]
    assert (told.idle, told.wanted) == (True, {"producer": [False]})
    assert nodes.sent_to_c() == (False,)
    await nodes.c.room_has(nodes.bobs(at=nodes.c.placement))
    await nodes.finish_tasks()
    told = nodes.asked_by_c(WantPipes)[-1]
    assert (told.idle, told.wanted) == (False, {"producer": [True]})
    assert nodes.sent_to_c() == (True,)


async def test_a_microphone_is_closed_after_its_last_held_consumer() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    held = await nodes.consumes_on_standby()
    remote = nodes.copy(nodes.c, nodes.a)
    nodes.c.core_says(events.ConsumerClosed(held.core_id, "requested"))
    await nodes.c.pass_time(0, 5)
    assert nodes.is_gone(nodes.c, remote)


@pytest.mark.parametrize("fan_out", [1, 8])
async def test_it_gets_producers_and_is_no_node_of_the_room(fan_out: int) -> None:
    nodes = await Nodes.with_standby_only("produce-video-vp8-simulcast3")
    cascade = nodes.c.room().cascade
    cascade._fan_out = fan_out
    held = await nodes.consumes_on_standby()
    assert nodes.c.context.entities.origin_by_core_id(held.source) is nodes.copy(nodes.c, nodes.a)
    for node in nodes.all:
        assert nodes.c.placement not in node.room().view.other_nodes()
    assert nodes.c.placement not in [each for each, _ in nodes.b.nodes.requests]


async def test_a_node_that_loses_its_last_peer_becomes_idle() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.c.create_transport("carol", "recv", "carols")
    await nodes.everywhere(peer("carol", nodes.c.placement, (), "audio", paused=False))
    await nodes.consumes(nodes.c, "carol", "carols")
    await nodes.consumes_on_standby()
    assert nodes.sent_to_c() == (True,)
    await nodes.c.room_lost("carol")
    await nodes.c.pass_time(0)
    await nodes.finish_tasks()
    assert nodes.sent_to_c() == (False,)
    assert nodes.c.told(commands.ResumeConsumer) == []


def fifty_microphones(nodes: Nodes) -> PeerRecord:
    alice = nodes.without_standby()
    [one] = alice.producers
    many = [one.model_copy(update={"producer_id": f"m{n}"}) for n in range(50)]
    return alice.model_copy(update={"producers": many})


@pytest.mark.parametrize("how", ["without", "left", "snapshot"])
async def test_the_end_of_the_last_standby_gets_no_microphones(how: str) -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.c.room_has(fifty_microphones(nodes))
    match how:
        case "without":
            await nodes.c.room_has(nodes.bobs())
        case "left":
            await nodes.c.room_lost("bob")
        case "snapshot":
            nodes.c.room_is(fifty_microphones(nodes), nodes.bobs())
    await nodes.c.pass_time(0)
    await nodes.finish_tasks()
    assert nodes.asked_by_c(OpenPipe) == []


async def test_a_transport_that_precedes_the_record_of_its_standby_gets_no_microphones() -> None:
    nodes = Nodes()
    await nodes.start(AUDIO)
    nodes.kind = "audio"
    await nodes.c.create_transport("bob", "recv", "bobs")
    await nodes.everywhere(nodes.without_standby(), nodes.bobs())
    await nodes.c.pass_time(0)
    assert nodes.asked_by_c(OpenPipe) == []


async def test_a_peer_that_no_node_hosts_hears_on_here() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.c.room_has(nodes.bobs().model_copy(update={"placement": None}))
    assert len(nodes.asked_by_c(OpenPipe)) == 1


async def test_a_node_is_not_idle_while_it_does_not_know_a_peer() -> None:
    nodes = await Nodes.with_standby_only(AUDIO)
    await nodes.consumes_on_standby()
    assert nodes.c.room().is_idle
    nodes.c.replicas.projections[ROOM].room_not_found()
    await nodes.c.room_has(nodes.without_standby())
    assert not nodes.c.room().is_idle
