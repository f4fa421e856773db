"""Resuming a session: its answer, and the state after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model, resume_secret
from hubbub_contracts.bus.media import TransportClosed
from hubbub_contracts.bus.node import (
    ConsumerDescription,
    DescribePeer,
    PeerDescription,
    ProducerDescription,
    TransportDescription,
)
from hubbub_contracts.bus.peer import ClaimPeer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import GetRoom
from hubbub_contracts.layers import ConsumerLayers
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources
from hubbub_signaling.domain.session_state import SessionState
from support.signaling_fakes import GRACE, NODE, SENDS, SignalingRig, code, peer_record, unavailable

NOTHING = PeerDescription(transports=[], producers=[], consumers=[])
"""The answer of a node that does not know the peer."""


async def test_a_resumed_session_gets_what_its_node_still_has() -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = _claim_with_producers(rig, "camera", "microphone")
    rig.backend.answers[DescribePeer] = PeerDescription(
        transports=[TransportDescription(transport_id="up", direction="send", connected=True)],
        producers=[
            ProducerDescription(
                producer_id="camera",
                transport_id="up",
                kind="video",
                paused=False,
                encodings_wanted=[True, False],
                score=[EncodingScore(encoding_idx=0, ssrc=7, score=8)],
            )
        ],
        consumers=[
            ConsumerDescription(
                consumer_id="c",
                producer_id="p",
                transport_id="up",
                kind="video",
                type="simple",
                paused=True,
                paused_by_link=True,
            ),
            ConsumerDescription(
                consumer_id="d",
                producer_id="q",
                transport_id="up",
                kind="video",
                type="svc",
                paused=False,
                layers=ConsumerLayers(spatial_layer=1, temporal_layer=0),
                score=ConsumerScores(score=9, producer_score=4, producer_scores=[4]),
            ),
        ],
    )
    client = rig.client()
    resumed = await client.ask("resume", {"resumeToken": "room.ann.secret"})
    assert resumed["transports"] == [{"transportId": "up", "direction": "send"}]
    [camera] = resumed["producers"]
    assert (camera["producerId"], camera["encodingsWanted"]) == ("camera", [True, False])
    assert camera["score"] == [{"encodingIdx": 0, "ssrc": 7, "score": 8}]
    assert resumed["consumers"] == [
        {"consumerId": "c", "producerId": "p", "paused": True, "pausedByBandwidth": False, "pausedByLink": True},
        {
            "consumerId": "d",
            "producerId": "q",
            "paused": False,
            "layers": {"spatialLayer": 1, "temporalLayer": 0},
            "pausedByBandwidth": False,
            "pausedByLink": False,
            "score": {"score": 9, "producerScore": 4, "producerScores": [4]},
        },
    ]
    consumers = {"c": OwnedConsumer("up", "p", frozenset({"link"})), "d": OwnedConsumer("up", "q")}
    assert client.session.resources == OwnedResources({"up": SENDS}, {"camera": "up"}, consumers)
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["microphone"]]


async def test_each_resume_replaces_the_token() -> None:
    rig = SignalingRig()
    secret = resume_secret.mint()
    resumed = await rig.client().ask("resume", {"resumeToken": f"room.ann.{secret}"})
    room_id, peer_id, new = resumed["resumeToken"].split(".")
    [claim] = [one for one in rig.backend.registry_requests if isinstance(one, ClaimPeer)]
    assert (room_id, peer_id, claim.resume_secret) == ("room", "ann", secret)
    assert claim.resume_digest == resume_secret.digest(new) != resume_secret.digest(secret)
    assert resume_secret.family_digest(new) == resume_secret.family_digest(secret)


async def test_a_producer_on_a_plain_transport_stays_in_the_room_and_is_not_the_clients() -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = _claim_with_producers(rig, "camera")
    rig.backend.answers[DescribePeer] = PeerDescription(
        transports=[], producers=[], consumers=[], plain_producers=["camera"]
    )
    client = rig.client()
    resumed = await client.ask("resume", {"resumeToken": "room.ann.secret"})
    assert resumed["producers"] == []
    assert client.session.resources == OwnedResources()
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == []


async def test_a_resumed_session_whose_node_is_gone_has_nothing() -> None:
    rig = SignalingRig()
    rig.backend.answers[DescribePeer] = unavailable()
    resuming = asyncio.create_task(rig.client().ask("resume", {"resumeToken": "room.ann.secret"}))
    await asyncio.sleep(1)
    claim_id = rig.backend.peers["ann"].claim_id
    rig.backend.change_peer("ann", peer_record("ann", placement=None, claim_id=claim_id))
    resumed = await resuming
    assert (resumed["transports"], resumed["producers"], resumed["consumers"]) == ([], [], [])


async def test_a_resume_waits_for_a_node_that_is_off_the_bus_for_a_moment() -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = _claim_with_producers(rig, "camera")
    description = PeerDescription(
        transports=[TransportDescription(transport_id="up", direction="send", connected=True)],
        producers=[ProducerDescription(producer_id="camera", transport_id="up", kind="video", paused=False)],
        consumers=[],
    )
    rig.backend.answers[DescribePeer] = [unavailable(), unavailable(), description]
    resumed = await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})
    assert [one["producerId"] for one in resumed["producers"]] == ["camera"]
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == []


async def test_a_resume_whose_node_stays_unavailable_fails_and_removes_nothing() -> None:
    rig = SignalingRig()
    rig.backend.answers[ClaimPeer] = _claim_with_producers(rig, "camera")
    rig.backend.answers[DescribePeer] = unavailable()
    answer = await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})
    assert (code(answer), answer["error"]["retryable"]) == ("unavailable", True)
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == []
    assert rig.backend.departures() == []


@pytest.mark.parametrize("again", ["resume", "joinRoom"])
async def test_a_session_whose_resume_failed_may_resume_or_join(again: str) -> None:
    rig = SignalingRig()
    rig.backend.answers[DescribePeer] = [HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer"), NOTHING]
    client = rig.client()
    token = {"resumeToken": "room.ann.secret"}
    assert code(await client.ask("resume", token)) == "deadline_exceeded"
    assert client.session.machine.state is SessionState.CONNECTED
    assert rig.backend.open_subscriptions() == 0
    assert rig.backend.departures() == []
    assert code(await (client.join() if again == "joinRoom" else client.ask("resume", token))) is None


@pytest.mark.parametrize("error", [ErrorCode.DEADLINE_EXCEEDED, ErrorCode.INTERNAL])
@pytest.mark.parametrize("resumed_elsewhere", [True, False])
async def test_a_peer_whose_resume_failed_has_its_grace_period(error: ErrorCode, resumed_elsewhere: bool) -> None:
    rig = SignalingRig()
    rig.backend.answers[DescribePeer] = HubbubError(error, "no answer")
    assert code(await rig.client().ask("resume", {"resumeToken": "room.ann.secret"})) == error
    if resumed_elsewhere:
        rig.backend.peers["ann"] = peer_record("ann", signaling_id="another", claim_id="newer")
    rig.backend.answers[GetRoom] = rig.backend.snapshot()
    await asyncio.sleep(GRACE - 1)
    assert rig.backend.departures() == []
    await asyncio.sleep(2)
    assert rig.backend.departures() == ([] if resumed_elsewhere else [("ann", "disconnected")])


@pytest.mark.parametrize("late", [ClaimPeer, DescribePeer])
@pytest.mark.parametrize("by", ["here", "another"])
async def test_a_resume_that_another_one_overtakes_is_refused_and_reports_no_departure(
    late: type[ClaimPeer | DescribePeer], by: str
) -> None:
    rig = SignalingRig()
    client = rig.client()

    async def answer_late(message: ClaimPeer | DescribePeer) -> Model:
        del rig.backend.answers[late]
        answer = await (
            rig.backend.registry(message) if isinstance(message, ClaimPeer) else rig.backend.node(NODE, message)
        )
        rig.backend.change_peer("ann", peer_record("ann", signaling_id=by, claim_id="newer"))
        return answer

    rig.backend.answers[late] = answer_late
    assert code(await client.ask("resume", {"resumeToken": "room.ann.secret"})) == "conflict"
    assert client.session.machine.state is SessionState.CONNECTED
    assert rig.manager.serving == 0
    rig.backend.answers[GetRoom] = rig.backend.snapshot()
    await rig.manager.socket_lost(client.session, closed_by_client=False)
    await asyncio.sleep(10 * GRACE)
    assert rig.backend.departures() == []


async def test_changes_during_a_resume_are_in_its_answer_and_not_pushed() -> None:
    rig = SignalingRig()

    async def describe(_: DescribePeer) -> Model:
        rig.backend.change_peer("bob", peer_record("bob", "camera"))
        return NOTHING

    rig.backend.answers[DescribePeer] = describe
    client = rig.client()
    resumed = await client.ask("resume", {"resumeToken": "room.ann.secret"})
    assert [peer["peerId"] for peer in resumed["peers"]] == ["bob"]
    assert resumed["revision"] == rig.backend.revision
    assert client.socket.pushes() == []
    rig.backend.change_peer("carol", peer_record("carol"))
    assert client.socket.pushes() == ["peerJoined"]


async def test_a_closure_after_the_description_follows_the_answer_of_the_resume() -> None:
    rig = SignalingRig()

    async def describe(_: DescribePeer) -> Model:
        rig.backend.media["ann"].on_event(TransportClosed(transport_id="up", reason="ice_timeout"))
        return PeerDescription(
            transports=[TransportDescription(transport_id="up", direction="send", connected=True)],
            producers=[],
            consumers=[],
        )

    rig.backend.answers[DescribePeer] = describe
    client = rig.client()
    await client.ask("resume", {"resumeToken": "room.ann.secret"})
    assert [event for event, _ in client.socket.sent] == ["ack", "transportClosed"]
    assert client.session.resources == OwnedResources()


async def test_a_peer_that_moves_during_a_resume_has_nothing() -> None:
    rig = SignalingRig()

    async def describe(_: DescribePeer) -> Model:
        claim_id = rig.backend.peers["ann"].claim_id
        moved = peer_record("ann", placement=Placement(node_id="another", epoch=1), claim_id=claim_id)
        rig.backend.change_peer("ann", moved)
        return PeerDescription(
            transports=[TransportDescription(transport_id="up", direction="send", connected=True)],
            producers=[],
            consumers=[],
        )

    rig.backend.answers[DescribePeer] = describe
    client = rig.client()
    assert (await client.ask("resume", {"resumeToken": "room.ann.secret"}))["transports"] == []
    assert client.session.resources == OwnedResources()


def _claim_with_producers(rig: SignalingRig, *producers: str) -> Callable[[ClaimPeer], Awaitable[Model]]:
    async def claim(message: ClaimPeer) -> Model:
        rig.backend.peers[message.peer_id] = peer_record(message.peer_id, *producers)
        return rig.backend.snapshot()

    return claim
