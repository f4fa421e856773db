"""A client moves to another media node while the former one goes on (ADR 48)."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts import Done
from hubbub_contracts.bus.consumer import CreateConsumer, ResumeConsumer
from hubbub_contracts.bus.node import DescribePeer, PeerDescription, ProducerDescription, TransportDescription
from hubbub_contracts.bus.peer import ClaimPeer, EndMove, JoinRoom
from hubbub_contracts.bus.producer import (
    CloseProducer,
    PauseProducer,
    ResumeProducer,
)
from hubbub_contracts.bus.rtc_stats import ReadObjectStats
from hubbub_contracts.bus.transport import CloseTransport, ConnectTransport
from support.moving_session import MOVED, NEXT, asked, begin, end, leaving, moving, replaced, sending, two_node_rig
from support.signaling_fakes import (
    NODE,
    OTHER_NODE,
    RECEIVES,
    SENDS,
    FakeClient,
    SignalingRig,
    code,
    peer_record,
    unavailable,
)


@pytest.fixture
def rig() -> SignalingRig:
    """Two media nodes."""
    return two_node_rig()


@pytest.mark.parametrize(("features", "named"), [(["makeBeforeBreak"], True), (["lobby"], False)])
async def test_a_join_names_the_feature(rig: SignalingRig, features: list[str], *, named: bool) -> None:
    client = rig.client()
    join = {"callId": "call", "userId": "ann", "rtpCapabilities": {"codecs": []}, "features": features}
    assert code(await client.ask("joinRoom", join)) is None
    [message] = [each for each in rig.backend.registry_requests if isinstance(each, JoinRoom)]
    assert message.make_before_break is named


async def test_the_client_is_told_and_loses_nothing(rig: SignalingRig) -> None:
    client = await sending(rig)
    client.socket.sent.clear()
    begin(rig, client)
    assert client.socket.sent == [MOVED]
    assert client.session.resources.producers == {"camera": "up"}
    rig.backend.update_peer(client.peer_id, hand_raised_at=1)
    assert client.socket.pushes() == ["peerMoved", "handRaised"], "once"


async def test_the_others_hear_nothing_of_a_move(rig: SignalingRig) -> None:
    client = await sending(rig)
    other = await rig.joined()
    begin(rig, client)
    replaced(rig, client)
    end(rig, client)
    assert other.socket.sent == []


async def test_what_was_not_replaced_ends_with_the_move(rig: SignalingRig) -> None:
    client = await moving(rig)
    other = await rig.joined()
    client.socket.sent.clear()
    end(rig, client)
    closed = {"transportId": "up", "reason": "node_draining"}, {"transportId": "down", "reason": "node_draining"}
    assert client.socket.sent == [("transportClosed", each) for each in closed]
    assert other.socket.pushes() == ["producerClosed"]
    resources = client.session.resources
    assert (resources.transports, resources.producers, resources.consumers) == ({"next": NEXT}, {}, {})
    await rig.ports.outbox.drain()
    assert (asked(rig), rig.backend.removed_producers()) == ([], []), "nobody stopped the producer"


async def test_a_client_that_ends_its_move_is_told_nothing(rig: SignalingRig) -> None:
    client = await moving(rig)
    assert await client.ask("moveDone") == {}
    [message] = [each for each in rig.backend.registry_requests if isinstance(each, EndMove)]
    assert (message.peer_id, message.claim_id) == (client.peer_id, rig.backend.peers[client.peer_id].claim_id)
    end(rig, client)
    assert client.socket.pushes() == []
    assert code(await client.ask("closeTransport", {"transportId": "up"})) == "not_found"
    rig.backend.registry_requests.clear()
    assert await client.ask("moveDone") == {}
    assert rig.backend.registry_requests == [], "it does not move"


async def test_the_death_of_the_new_node_takes_everything(rig: SignalingRig) -> None:
    client = await moving(rig)
    third = NODE.model_copy(update={"node_id": "third"})
    rig.backend.update_peer(client.peer_id, placement=third, leaving=None, producers=[])
    assert client.socket.pushes() == ["transportClosed", "transportClosed", "transportClosed", "peerMoved"]
    assert {push["reason"] for event, push in client.socket.sent if event == "transportClosed"} == {"node_lost"}
    assert client.socket.sent[-1][1]["makeBeforeBreak"] is False


async def test_new_transports_are_on_the_new_node(rig: SignalingRig) -> None:
    client = await sending(rig)
    refused = await client.ask("createTransport", {"direction": "send", "home": "next"})
    assert code(refused) == "invalid_state", "it does not move"
    begin(rig, client)
    for home in ({"home": "next"}, {}):
        created = await client.ask("createTransport", {"direction": "send", **home})
        assert client.session.resources.transports[created["id"]] == NEXT
    assert asked(rig) == [("CreateTransport", "other")] * 2


@pytest.mark.parametrize(
    ("event", "payload", "message"),
    [
        ("connectTransport", {"transportId": "up", "dtlsParameters": {"fingerprints": []}}, ConnectTransport),
        ("closeTransport", {"transportId": "up"}, CloseTransport),
        ("pauseProducer", {"producerId": "camera"}, PauseProducer),
        ("resumeProducer", {"producerId": "camera"}, ResumeProducer),
        ("closeProducer", {"producerId": "camera"}, CloseProducer),
        ("resumeConsumer", {"consumerId": "remote"}, ResumeConsumer),
        ("getStats", {"producerId": "camera"}, ReadObjectStats),
    ],
)
async def test_requests_go_where_their_object_is(
    rig: SignalingRig, event: str, payload: dict[str, Any], message: type[Any]
) -> None:
    client = await moving(rig)
    if event == "connectTransport":
        payload["dtlsParameters"] = {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": "AA"}]}
    await client.ask(event, payload)
    assert asked(rig) == [(message.__name__, "node")]
    if event != "closeProducer" and "producerId" in payload:
        client.session.resources.producers["camera"] = "next"
        await client.ask(event, payload)
        assert asked(rig)[1:] == [(message.__name__, "other")]


async def test_a_viewer_is_told_where_a_producer_is(rig: SignalingRig) -> None:
    client = await moving(rig)
    viewer = await rig.joined()
    viewer.session.resources.transports["down"] = RECEIVES
    for _ in range(2):
        await viewer.ask("consume", {"transportId": "down", "producerId": "camera", "rtpCapabilities": {"codecs": []}})
        replaced(rig, client)
    origins = [each.origin for each in rig.backend.node_requests if isinstance(each, CreateConsumer)]
    assert origins == [NODE, OTHER_NODE]


def description(transport_id: str, *producer_ids: str) -> PeerDescription:
    return PeerDescription(
        transports=[TransportDescription(transport_id=transport_id, direction="send", connected=True)],
        producers=[
            ProducerDescription(producer_id=each, transport_id=transport_id, kind="audio", paused=False)
            for each in producer_ids
        ],
        consumers=[],
    )


async def resumed(rig: SignalingRig, *, at_new: bool) -> tuple[FakeClient, dict[str, Any]]:
    """A client whose session is resumed during its move, and the answer."""
    client = await rig.joined(resumable=True)
    token = client.session.membership
    assert token is not None
    record = leaving(peer_record(client.peer_id, "camera", claim_id=token.claim.claim_id))
    rig.backend.change_peer(client.peer_id, record)
    if at_new:
        replaced(rig, client)

    async def claim(message: Any) -> Any:
        rig.backend.update_peer(client.peer_id, claim_id=message.claim_id)
        return rig.backend.snapshot()

    rig.backend.answers[ClaimPeer] = claim
    again = rig.client()
    answer = await again.ask("resume", {"resumeToken": f"{client.room_id}.{client.peer_id}.secret"})
    return again, answer


@pytest.mark.parametrize("at_new", [False, True])
async def test_a_session_is_resumed_in_the_middle_of_a_move(rig: SignalingRig, *, at_new: bool) -> None:
    rig.backend.nodes[NODE][DescribePeer] = description("up", "camera")
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description("next", "camera")
    client, answer = await resumed(rig, at_new=at_new)
    assert {each["transportId"] for each in answer["transports"]} == {"up", "next"}
    assert [each["producerId"] for each in answer["producers"]] == ["camera"]
    assert client.session.resources.producers == {"camera": "next" if at_new else "up"}
    assert client.session.resources.transports == {"up": SENDS, "next": NEXT}
    assert [event for event, _ in client.socket.sent] == ["ack", "peerMoved"]
    assert client.socket.sent[1] == MOVED
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == []


async def test_a_producer_that_its_node_lost_is_removed_at_a_resume(rig: SignalingRig) -> None:
    rig.backend.nodes[NODE][DescribePeer] = description("up")
    rig.backend.nodes[OTHER_NODE][DescribePeer] = description("next", "camera")
    client, answer = await resumed(rig, at_new=False)
    assert (answer["producers"], client.session.resources.producers) == ([], {})
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_an_end_of_the_move_that_is_not_stored_is_an_error(rig: SignalingRig) -> None:
    client = await moving(rig)
    rig.backend.answers[EndMove] = [unavailable(), Done()]
    assert code(await client.ask("moveDone")) == "unavailable"
    assert await client.ask("moveDone") == {}
