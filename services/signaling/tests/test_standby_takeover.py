"""A client's node dies, and its standby takes over (ADR 51)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import Request
from hubbub_contracts.bus import media
from hubbub_contracts.bus.node import (
    ConsumerDescription,
    DescribePeer,
    PeerDescription,
    ProducerDescription,
    TransportDescription,
)
from hubbub_contracts.bus.peer import ClaimPeer, EndStandby, SetConnectionState
from hubbub_contracts.bus.producer import CloseProducer
from hubbub_contracts.bus.records import Standby
from hubbub_contracts.bus.transport import CloseTransport
from support.moving_session import asked, two_node_rig
from support.signaling_fakes import NODE, OTHER_NODE, FakeClient, SignalingRig, peer_record, unavailable
from support.standby_session import settled, standby_of, standing_by, take_over


@pytest.fixture
def rig() -> SignalingRig:
    """Two media nodes."""
    return two_node_rig()


def description(sends: str, receives: str, *producers: str, consumers: tuple[str, ...] = ("held",)) -> PeerDescription:
    return PeerDescription(
        transports=[
            TransportDescription(transport_id=sends, direction="send", connected=True, established=True),
            TransportDescription(transport_id=receives, direction="recv", connected=True, established=True),
        ],
        producers=[
            ProducerDescription(producer_id=each, transport_id=sends, kind="audio", paused=False) for each in producers
        ],
        consumers=[
            ConsumerDescription(
                consumer_id=each, transport_id=receives, producer_id="p", kind="audio", type="simple", paused=False
            )
            for each in consumers
        ],
    )


def moves(client: FakeClient) -> list[dict[str, Any]]:
    return [push for event, push in client.socket.sent if event == "peerMoved"]


async def test_the_client_is_told_at_once_and_of_nothing_else(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    other = await rig.joined()
    client.socket.sent.clear()
    other.socket.sent.clear()
    take_over(rig, client)
    assert "producerClosed" not in client.socket.pushes()
    [moved] = moves(client)
    assert (moved["nodeId"], moved["makeBeforeBreak"], moved["standby"]) == ("other", False, True)
    assert other.socket.sent == []
    resources = client.session.resources
    assert (set(resources.transports), resources.producers) == ({sends, receives}, {"camera": sends})
    assert (set(resources.consumers), resources.standby, resources.standby_producers) == ({"held"}, None, {})
    assert (rig.telemetry.taken_over, rig.manager.standbys) == (1, 0)
    assert rig.backend.removed_producers() == []


async def test_a_producer_without_a_copy_is_gone(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    other = await rig.joined()
    producers = [*rig.backend.peers[client.peer_id].producers, *peer_record("any", "screen").producers]
    rig.backend.update_peer(client.peer_id, producers=producers)
    client.session.resources.producers["screen"] = "up"
    client.socket.sent.clear()
    other.socket.sent.clear()
    take_over(rig, client)
    assert client.socket.pushes() == ["peerMoved", "producerClosed"]
    closed = client.socket.sent[1][1]
    assert (closed["producerId"], closed["peerId"], closed["reason"]) == ("screen", client.peer_id, "transport_closed")
    assert [push["producerId"] for event, push in other.socket.sent if event == "producerClosed"] == ["screen"]
    assert client.session.resources.producers == {"camera": sends}


async def test_a_copy_that_the_room_does_not_have_is_no_producer(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE, standby=None, producers=[])
    assert client.session.resources.producers == {}
    assert client.socket.pushes() == ["peerMoved", "producerClosed"]


async def test_a_copy_that_the_session_does_not_have_is_no_producer(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives)
    client.session.resources.standby_producers.clear()
    take_over(rig, client)
    assert client.socket.pushes() == ["peerMoved", "producerClosed"]
    await asyncio.sleep(60)
    assert rig.backend.removed_producers() == [["camera"]], "the room hears of it"


async def test_a_change_that_was_missed_is_a_takeover(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    third = Standby(placement=NODE.model_copy(update={"node_id": "third"}))
    rig.backend.update_peer(client.peer_id, placement=OTHER_NODE, standby=third)
    assert [each["standby"] for each in moves(client)] == [True]
    assert client.session.resources.producers == {"camera": sends}


async def test_a_peer_that_is_placed_elsewhere_loses_both(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    third = NODE.model_copy(update={"node_id": "third"})
    rig.backend.update_peer(client.peer_id, placement=third, standby=None, producers=[])
    closed = [push["transportId"] for event, push in client.socket.sent if event == "transportClosed"]
    assert closed == ["up", "down", sends, receives]
    assert [each["standby"] for each in moves(client)] == [False]
    assert rig.telemetry.taken_over == 0


async def test_requests_go_to_the_new_node(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    take_over(rig, client)
    await client.ask("pauseProducer", {"producerId": "camera"})
    await client.ask("pauseConsumer", {"consumerId": "held"})
    await client.ask("createTransport", {"direction": "recv"})
    assert asked(rig) == [("PauseProducer", "other"), ("PauseConsumer", "other"), ("CreateTransport", "other")]


async def test_a_client_may_have_another_standby_afterwards(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    take_over(rig, client)
    client.session.resources.ended_standby = None
    rig.backend.update_peer(client.peer_id, placement=NODE)
    assert "error" not in await client.ask("createTransport", {"direction": "send", "home": "standby"})


async def test_the_former_node_cannot_close_the_producer(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera")
    take_over(rig, client)
    ended = media.ProducerClosed(producer_id="camera", transport_id="up", reason="transport_closed")
    client.session.on_media_event(ended)
    await asyncio.sleep(60)
    assert "producerClosed" not in client.socket.pushes()
    assert rig.backend.removed_producers() == []
    assert client.session.resources.producers == {"camera": sends}


async def test_the_new_node_closes_the_producer(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera")
    take_over(rig, client)
    await settled()
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives)
    client.session.on_media_event(media.ProducerClosed(producer_id="camera", transport_id=sends, reason="other"))
    await asyncio.sleep(60)
    assert client.socket.pushes()[-1] == "producerClosed"
    assert ["camera"] in rig.backend.removed_producers()


async def test_a_copy_that_the_standby_had_lost_is_told(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, consumers=())
    take_over(rig, client)
    await asyncio.sleep(60)
    assert client.socket.pushes() == ["peerMoved", "producerClosed", "consumerClosed"]
    assert ["camera"] in rig.backend.removed_producers()


async def test_a_connected_standby_makes_the_peer_connected(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.update_peer(client.peer_id, connection_state="disconnected")
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera")
    take_over(rig, client)
    await asyncio.sleep(60)
    states = [each.state for each in rig.backend.registry_requests if isinstance(each, SetConnectionState)]
    assert states == ["connected"]


async def test_after_a_gap_the_standby_is_asked_too(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    first = description("up", "down", "camera", consumers=("remote",))
    rig.backend.nodes[NODE][DescribePeer] = first
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera")
    client.session.on_media_gap()
    await asyncio.sleep(60)
    assert (client.socket.pushes(), asked(rig)) == ([], [("DescribePeer", "node"), ("DescribePeer", "other")])
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera", consumers=())
    client.session.on_media_gap()
    await asyncio.sleep(60)
    assert client.socket.pushes() == ["consumerClosed"]
    assert standby_of(rig, client) == ["camera"]


async def test_a_standby_that_lost_a_copy_ends(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    rig.backend.nodes[NODE][DescribePeer] = description("up", "down", "camera", consumers=("remote",))
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives)
    client.session.on_media_gap()
    await asyncio.sleep(60)
    assert client.socket.pushes() == ["transportClosed", "transportClosed"]
    assert standby_of(rig, client) is None
    assert (client.session.resources.producers, rig.backend.removed_producers()) == ({"camera": "up"}, [])


async def resumed(rig: SignalingRig, client: FakeClient) -> tuple[FakeClient, dict[str, Any]]:
    """A client whose session is resumed on another socket, and the answer."""

    async def claim(message: Any) -> Any:
        rig.backend.update_peer(client.peer_id, claim_id=message.claim_id, standby=None)
        return rig.backend.snapshot()

    rig.backend.answers[ClaimPeer] = claim
    again = rig.client()
    answer = await again.ask("resume", {"resumeToken": f"{client.room_id}.{client.peer_id}.secret"})
    assert "error" not in answer, answer
    return again, answer


async def test_a_resumed_session_has_no_standby(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.nodes[NODE][DescribePeer] = description("up", "down", "camera", consumers=("remote",))
    again, answer = await resumed(rig, client)
    assert {each["transportId"] for each in answer["transports"]} == {"up", "down"}
    assert [each["producerId"] for each in answer["producers"]] == ["camera"]
    await settled()
    assert asked(rig) == [("DescribePeer", "node")]
    assert (standby_of(rig, again), again.session.resources.standby, again.socket.pushes()) == (None, None, [])
    assert "error" not in await again.ask("createTransport", {"direction": "send", "home": "standby"})


async def test_a_session_is_resumed_after_the_standby_took_over(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig)
    take_over(rig, client)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description(sends, receives, "camera")
    again, answer = await resumed(rig, client)
    assert {each["transportId"] for each in answer["transports"]} == {sends, receives}
    assert again.session.resources.producers == {"camera": sends}
    assert rig.backend.removed_producers() == []


async def test_a_standby_that_takes_over_while_the_client_ends_it(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][DescribePeer] = PeerDescription(transports=[], producers=[], consumers=[])
    rig.backend.answers[EndStandby] = unavailable()
    await client.ask("closeTransport", {"transportId": sends})
    client.socket.sent.clear()
    take_over(rig, client)
    assert client.socket.pushes() == ["transportClosed", "transportClosed", "peerMoved"]
    assert [each["standby"] for each in moves(client)] == [False]
    await asyncio.sleep(60)
    assert rig.backend.removed_producers() == [["camera"]]


@pytest.mark.parametrize(
    ("event", "payload", "message"),
    [
        ("closeProducer", {"producerId": "camera"}, CloseProducer),
        ("closeTransport", {"transportId": "up"}, CloseTransport),
    ],
)
async def test_what_is_closed_at_a_dead_node_does_not_come_back(
    rig: SignalingRig, event: str, payload: dict[str, str], message: type[Request[Any]]
) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.nodes[NODE] = {message: unavailable()}
    assert await client.ask(event, payload) == {}
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]
    rig.backend.update_peer(client.peer_id, producers=[])
    await settled()
    assert ("CloseProducer", "other") in asked(rig)
    take_over(rig, client)
    await settled()
    assert client.session.resources.producers == {}
    assert "producerClosed" not in client.socket.pushes()


@pytest.mark.parametrize("which", [0, 1])
async def test_a_standby_whose_node_does_not_answer_ends(rig: SignalingRig, which: int) -> None:
    client, *transports = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE] = {CloseTransport: unavailable()}
    assert await client.ask("closeTransport", {"transportId": transports[which]}) == {}
    await settled()
    assert standby_of(rig, client) is None
    assert client.session.resources.standby is None
