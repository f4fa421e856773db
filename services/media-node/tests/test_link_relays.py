"""A link between two nodes that goes by a third one. The nodes have fake cores."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.media import ConsumerPaused, ConsumerResumed
from hubbub_contracts.bus.pipe import RelayedEnd, RelayLink
from hubbub_contracts.bus.records import Placement
from hubbub_media_core import commands, events
from hubbub_media_core.specs import RelayEnd
from hubbub_media_node.domain.detour import ATTEMPT, RENEWAL, Detour, Way, relay_order
from hubbub_media_node.handlers.link_relays import relay_link
from support.node_fakes import ROOM
from support.two_nodes import NodeOfTwo, TwoNodes, peer

AT = ("10.0.0.7", 40000)
"""Where the core of each node receives."""
BY_RELAY = ("10.0.0.9", 40000)
C, D = Placement(node_id="c", epoch=3), Placement(node_id="d", epoch=4)


class ThreeNodes(TwoNodes):
    """Cem is on node c."""

    def __init__(self) -> None:
        super().__init__()
        self.c = NodeOfTwo(C)
        self.c.context = replace(self.c.context, link_ip=lambda: BY_RELAY[0])
        self.is_c_there = True
        others = {self.a.placement: self.a, self.c.placement: self.c}

        async def answer(node: Placement, message: NodeRequest[Any]) -> Model:
            if node.node_id == "c" and not self.is_c_there:
                raise HubbubError(ErrorCode.UNAVAILABLE, "no responders", retryable=True)
            reply: Model = await self.answers_of(others[node])(node, message)
            return reply

        self.b.nodes.answer = answer

    async def start_call(self) -> None:
        await self.start()
        await self.c.create_transport("cem", "recv", "cems")
        await self.consume()
        await self.b.room_has(
            self.alice("producer"), self.bob(), peer("cem", self.c.placement, (), "video", paused=False)
        )

    def becomes(self, state: events.IceState, remote: tuple[str, int] = AT) -> None:
        """The cores of both ends find the link so."""
        for node, link in ((self.a, self.pipe.link), (self.b, self.remote.link)):
            node.core_says(events.IceSelected(link.transport.core_id, state, remote, "10.0.0.7", "udp"))

    def told(self) -> list[type]:
        """The pauses that Bob was told."""
        seen = [type(each.event) for each in self.b.publisher.events]
        return [each for each in seen if each in (ConsumerPaused, ConsumerResumed)]

    def relays(self, node: NodeOfTwo) -> list[str | None]:
        """The relays that the core of an end was told."""
        told = node.told(commands.SetLinkRelay)
        return [each.relay for each in told if isinstance(each, commands.SetLinkRelay)]


@pytest.fixture
def nodes() -> ThreeNodes:
    return ThreeNodes()


async def test_a_lost_link_goes_by_the_third_node_and_nobody_is_told(nodes: ThreeNodes) -> None:
    await nodes.start_call()
    nodes.becomes("connected")
    nodes.becomes("disconnected")
    await nodes.finish_tasks()
    (relay,) = nodes.c.told(commands.RelayLink)
    assert isinstance(relay, commands.RelayLink)
    ((here,), (there,)) = nodes.b.links(), nodes.a.links()
    assert relay.ends == (
        RelayEnd(ufrag=here.ice.ufrag, remote=there.remote),
        RelayEnd(ufrag=there.ice.ufrag, remote=here.remote),
    )
    assert nodes.relays(nodes.a) == nodes.relays(nodes.b) == ["10.0.0.9:40000"]
    nodes.becomes("connected", BY_RELAY)
    await nodes.finish_tasks()
    assert nodes.told() == []
    for node in (nodes.a, nodes.b):
        assert node.context.entities.count_links() == {"connected": 0, "relayed": 1, "lost": 0}
    shown = repr(nodes.b.nodes.requests[-2:]) + repr(relay)
    assert here.ice.ufrag in shown
    for secret in (here.ice.pwd, there.ice.pwd):
        assert secret not in shown, "the relay cannot answer checks"


async def test_the_direct_way_returns(nodes: ThreeNodes) -> None:
    await nodes.start_call()
    nodes.becomes("disconnected")
    await nodes.finish_tasks()
    nodes.becomes("connected", BY_RELAY)
    await nodes.finish_tasks()
    nodes.becomes("connected")
    await nodes.finish_tasks()
    assert nodes.relays(nodes.a) == nodes.relays(nodes.b) == ["10.0.0.9:40000", None]
    assert nodes.b.context.entities.count_links() == {"connected": 1, "relayed": 0, "lost": 0}


async def test_a_relay_that_does_not_connect_the_link_is_told_in_time(nodes: ThreeNodes) -> None:
    await nodes.start_call()
    nodes.becomes("connected")
    nodes.becomes("disconnected")
    await nodes.finish_tasks()
    assert nodes.told() == []
    await nodes.b.pass_time(nodes.remote.link.detour.hopeful_until)
    assert nodes.told() == [ConsumerPaused]
    nodes.becomes("connected", BY_RELAY)
    assert nodes.told() == [ConsumerPaused, ConsumerResumed]


@pytest.mark.parametrize("why", ["it is away", "the room has left it"])
async def test_a_third_node_that_refuses_is_no_way(nodes: ThreeNodes, why: str) -> None:
    await nodes.start_call()
    nodes.is_c_there = why != "it is away"
    nodes.c.context.entities.rooms.clear()
    nodes.becomes("disconnected")
    await nodes.finish_tasks()
    await nodes.b.pass_time(nodes.remote.link.detour.hopeful_until)
    assert nodes.relays(nodes.a) == nodes.relays(nodes.b) == []
    assert nodes.told() == [ConsumerPaused]


async def test_an_end_of_the_link_relays_nothing(nodes: ThreeNodes) -> None:
    await nodes.start_call()
    link = nodes.remote.link
    ends = [
        RelayedEnd(ip=end.ip, port=end.port, username_fragment=end.username_fragment)
        for end in (link.ours, link.theirs)
    ]
    with pytest.raises(HubbubError) as caught:
        await relay_link(nodes.a.context, RelayLink(room_id=ROOM, ends=ends))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


Decision = tuple[float, Way, tuple[Placement, ...], Placement | None, bool]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([(0, "direct", (C,), None, False), (9, "direct", (C,), None, False)], id="connected"),
        pytest.param([(0, "lost", (), None, False), (0.5, "lost", (C,), C, True)], id="a third node comes later"),
        pytest.param(
            [
                (0, "lost", (C, D), C, True),
                (0.5, "lost", (C, D), None, True),
                (ATTEMPT, "lost", (C, D), D, False),
                (ATTEMPT + 1, "lost", (C, D), None, False),
                (ATTEMPT + RENEWAL, "lost", (C, D), C, False),
            ],
            id="one after the other",
        ),
        pytest.param(
            [
                (0, "lost", (C, D), C, True),
                (0.3, "relayed", (C, D), C, True),
                (RENEWAL, "relayed", (C, D), None, True),
                (0.3 + RENEWAL, "relayed", (C, D), C, True),
                (4, "lost", (C, D), C, True),
                (4 + ATTEMPT, "lost", (C, D), D, False),
            ],
            id="the relay in use is asked again, and replaced",
        ),
        pytest.param(
            [(0, "lost", (C,), C, True), (0.3, "direct", (C,), None, True), (0.5, "lost", (C,), C, True)],
            id="the direct way is lost again",
        ),
    ],
)
def test_who_is_asked_to_relay(steps: list[Decision]) -> None:
    detour = Detour()
    for now, way, others, expected, hopeful in steps:
        assert detour.next_node(way, others, now) == expected, now
        assert detour.is_hopeful == hopeful, now


def test_links_are_spread_over_the_nodes_that_could_relay_them() -> None:
    asked_first = Counter(relay_order(f"link {number}", (C, D))[0].node_id for number in range(100))
    assert set(asked_first) == {"c", "d"}
    assert min(asked_first.values()) > 20
    assert relay_order("link", (C, D)) == relay_order("link", (D, C))
