"""Somebody consumes a producer on the node of its standby, which does not know yet that it has a copy only."""

from __future__ import annotations

import pytest

from hubbub_media_core import commands
from hubbub_media_node.domain.entities import Producer
from hubbub_media_node.domain.handover import HANDOVER_TIMEOUT
from support.moving_peer import Replaced
from support.node_fakes import ROOM
from support.standby_peer import StandbyNodes
from support.two_nodes import AUDIO, SIMULCAST


class LateNodes(StandbyNodes):
    """Node c has a copy of Alice's producer, and does not know the producer: its feed is behind."""

    @classmethod
    async def behind(cls, track: str = SIMULCAST, room_peers_per_worker: int = 200) -> LateNodes:
        nodes = cls(room_peers_per_worker)
        await nodes.start(track)
        nodes.kind = "audio" if track == AUDIO else "video"
        await nodes.c.create_transport("carol", "recv", "carols")
        for node in (nodes.a, nodes.b):
            await node.room_has(nodes.with_standby())
        await nodes.c.room_has(nodes.with_standby().model_copy(update={"producers": []}), *nodes.others())
        await nodes.c.create_transport("alice", "send", "copies")
        await nodes.produces_on(nodes.c, "copies", track)
        return nodes

    @property
    def waiting_copy(self) -> Producer:
        return self.c.context.entities.producers["producer"]

    async def catch_up(self) -> None:
        await self.everywhere(self.with_standby("producer"), *self.others())
        await self.pass_time()


async def test_it_gets_the_producer_of_the_node_that_the_request_names() -> None:
    nodes = await LateNodes.behind()
    carols = await nodes.consumes(nodes.c, "carol", "carols")
    assert carols.source == nodes.copy(nodes.c, nodes.a).core_id
    await nodes.catch_up()
    assert carols.source == nodes.copy(nodes.c, nodes.a).core_id
    assert nodes.asked(nodes.c) == []


async def test_it_gets_that_producer_while_the_room_is_not_known() -> None:
    nodes = await StandbyNodes.standing_by()
    nodes.c.replicas.projections[ROOM].room_not_found()
    await nodes.c.create_transport("erin", "recv", "erins")
    late = await nodes.consumes(nodes.c, "erin", "erins", "late")
    assert late.source == nodes.copy(nodes.c, nodes.a).core_id


@pytest.mark.parametrize("room_peers_per_worker", [1, 200])
async def test_who_got_the_copy_is_handed_over(room_peers_per_worker: int) -> None:
    nodes = await LateNodes.behind(room_peers_per_worker=room_peers_per_worker)
    carols = await nodes.consumes(nodes.c, "carol", "carols", origin=None)
    got = nodes.c.context.entities.origin_by_core_id(carols.source)
    assert got is nodes.waiting_copy
    await nodes.catch_up()
    assert nodes.asked(nodes.c) == [Replaced(got, nodes.copy(nodes.c, nodes.a))]
    nodes.c.core_switches()
    assert nodes.c.context.entities.origin_by_core_id(carols.source) is nodes.copy(nodes.c, nodes.a)
    await nodes.c.pass_time(0, 2 * HANDOVER_TIMEOUT)
    closes = nodes.c.told(commands.CloseProducer)
    assert commands.CloseProducer(producer=nodes.waiting_copy.core_id) not in closes, "it waits for the promotion"


async def test_who_was_handed_over_gets_the_copy_after_the_promotion() -> None:
    nodes = await LateNodes.behind()
    carols = await nodes.consumes(nodes.c, "carol", "carols", origin=None)
    await nodes.catch_up()
    nodes.c.core_switches()
    former = nodes.copy(nodes.c, nodes.a)
    await nodes.promote()
    assert nodes.asked(nodes.c)[-1] == Replaced(former, nodes.waiting_copy)
    nodes.c.core_switches()
    assert carols.source == nodes.waiting_copy.core_id
    assert nodes.waiting_copy.handover is None


async def test_a_microphone_that_nobody_consumes_is_not_handed_over() -> None:
    nodes = await LateNodes.behind(AUDIO, room_peers_per_worker=1)
    await nodes.catch_up()
    assert nodes.waiting_copy.is_microphone
    assert nodes.c.told(commands.ReplaceProducer) == []
