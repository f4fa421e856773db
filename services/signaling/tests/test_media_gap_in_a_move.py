"""What a session may have missed is asked of both media nodes while its peer moves."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, ProducerDescription, TransportDescription
from hubbub_contracts.bus.records import Leaving, Placement
from hubbub_signaling.domain.owned_resources import OwnedTransport
from support.signaling_fakes import NODE, OTHER_NODE, SENDS, FakeClient, SignalingRig, peer_record, unavailable

LEAVING = Leaving(placement=NODE, deadline=2_000_000_000_000)


def description(*producer_ids: str, transports: tuple[str, ...]) -> PeerDescription:
    return PeerDescription(
        transports=[TransportDescription(transport_id=each, direction="send", connected=True) for each in transports],
        producers=[
            ProducerDescription(producer_id=each, transport_id=transports[0], kind="audio", paused=False)
            for each in producer_ids
        ],
        consumers=[],
    )


async def moving(rig: SignalingRig, owned_at: str, recorded_at: Placement | None) -> FakeClient:
    """A client that moves, and whose session and record have its camera there."""
    rig.backend.nodes[OTHER_NODE] = {}
    client = await rig.joined()
    producers = [each.model_copy(update={"placement": recorded_at}) for each in peer_record("any", "camera").producers]
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE, leaving=LEAVING, producers=producers)
    resources = client.session.resources
    resources.transports.update(up=SENDS, next=OwnedTransport("send", OTHER_NODE))
    resources.producers["camera"] = owned_at
    client.socket.sent.clear()
    return client


async def after_a_gap(
    rig: SignalingRig, client: FakeClient, former: PeerDescription, new: PeerDescription
) -> tuple[list[str], list[list[str]], list[str]]:
    """What is pushed, which producers are removed from the room, and what the nodes are asked besides."""
    rig.backend.nodes[NODE][DescribePeer] = former
    rig.backend.nodes[OTHER_NODE][DescribePeer] = new
    client.session.on_media_gap()
    await asyncio.sleep(60)
    await rig.ports.outbox.drain()
    asked = zip(rig.backend.node_requests, rig.backend.asked, strict=True)
    closed = [f"{type(each).__name__} {node.node_id}" for each, node in asked if not isinstance(each, DescribePeer)]
    return client.socket.pushes(), rig.backend.removed_producers(), closed


async def test_a_producer_that_is_on_both_nodes_was_replaced() -> None:
    rig = SignalingRig()
    client = await moving(rig, "next", None)
    former, new = description("camera", transports=("up",)), description("camera", transports=("next",))
    assert await after_a_gap(rig, client, former, new) == ([], [], [])
    assert rig.backend.asked == [OTHER_NODE, NODE]


async def test_the_end_of_a_former_transport_takes_no_replaced_producer() -> None:
    rig = SignalingRig()
    client = await moving(rig, "next", None)
    former, new = (
        PeerDescription(transports=[], producers=[], consumers=[]),
        description("camera", transports=("next",)),
    )
    assert await after_a_gap(rig, client, former, new) == (["transportClosed"], [], [])
    assert client.session.resources.producers == {"camera": "next"}


async def test_a_replacement_without_an_answer_is_closed_alone() -> None:
    rig = SignalingRig()
    client = await moving(rig, "up", NODE)
    client.session.resources.unanswered.add("camera")
    former, new = description("camera", transports=("up",)), description("camera", transports=("next",))
    assert await after_a_gap(rig, client, former, new) == ([], [], ["CloseProducer other"])
    assert client.session.resources.producers == {"camera": "up"}
    assert client.session.resources.unanswered == set()


async def test_a_replacement_that_the_room_has_and_no_node_is_told_to_the_client() -> None:
    rig = SignalingRig()
    client = await moving(rig, "up", None)
    former, new = description("camera", transports=("up",)), description(transports=("next",))
    pushed, removed, closed = await after_a_gap(rig, client, former, new)
    assert (pushed, closed) == (["producerClosed"], [])
    assert {each for one in removed for each in one} == {"camera"}


@pytest.mark.parametrize("knows", [True, False], ids=["answered", "not answered yet"])
@pytest.mark.parametrize("during", [OTHER_NODE, NODE], ids=["new node", "former node"])
async def test_a_producer_that_is_replaced_while_the_nodes_are_asked_stays(during: Placement, *, knows: bool) -> None:
    rig = SignalingRig()
    client = await moving(rig, "up", NODE)
    transports = {NODE: ("up",), OTHER_NODE: ("next",)}

    async def answer(_: DescribePeer) -> PeerDescription:
        asked = rig.backend.asked[-1]
        if asked == during:
            here = [each.model_copy(update={"placement": None}) for each in rig.backend.peers[client.peer_id].producers]
            rig.backend.update_peer(client.peer_id, producers=here)
            if knows:
                client.session.resources.producers["camera"] = "next"
        return description(transports=transports[asked])

    for node in transports:
        rig.backend.nodes[node][DescribePeer] = answer
    client.session.on_media_gap()
    await asyncio.sleep(60)
    await rig.ports.outbox.drain()
    assert rig.backend.asked == [OTHER_NODE, NODE]
    assert (client.socket.pushes(), rig.backend.removed_producers()) == ([], [])
    assert "camera" in client.session.resources.producers


async def test_the_former_node_says_nothing_about_a_producer_that_is_replaced_while_it_is_asked() -> None:
    rig = SignalingRig()
    client = await moving(rig, "up", NODE)

    async def answer(_: DescribePeer) -> PeerDescription:
        here = [each.model_copy(update={"placement": None}) for each in rig.backend.peers[client.peer_id].producers]
        rig.backend.update_peer(client.peer_id, producers=here)
        former = description("camera", transports=("up",))
        unwanted = former.producers[0].model_copy(update={"encodings_wanted": [False]})
        return former.model_copy(update={"producers": [unwanted]})

    rig.backend.nodes[OTHER_NODE][DescribePeer] = description("camera", transports=("next",))
    rig.backend.nodes[NODE][DescribePeer] = answer
    client.session.on_media_gap()
    await asyncio.sleep(60)
    assert client.socket.pushes() == []


async def test_both_nodes_are_asked_until_both_answer() -> None:
    rig = SignalingRig()
    client = await moving(rig, "next", None)
    answers = [unavailable(), HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer")]

    async def answer(_: DescribePeer) -> PeerDescription:
        if answers:
            raise answers.pop()
        return description("camera", transports=("up",))

    rig.backend.nodes[OTHER_NODE][DescribePeer] = description("camera", transports=("next",))
    rig.backend.nodes[NODE][DescribePeer] = answer
    client.session.on_media_gap()
    await asyncio.sleep(60)
    assert (rig.backend.asked, client.socket.pushes()) == ([OTHER_NODE, NODE] * 3, [])
