"""Moderation on a session: what its client is told, and what the session does to its own peer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import HubbubError, Request
from hubbub_contracts.bus import moderation as bus
from hubbub_contracts.bus.moderation_records import AssignedRole, Moderation, MutedSource, UnmuteRequest
from hubbub_contracts.bus.producer import (
    AddProducer,
    CloseProducer,
    CreateProducer,
    ProducerCreated,
    Registered,
    RemoveProducers,
    ResumeProducer,
)
from hubbub_contracts.bus.records import Placement, ProducerRecord
from hubbub_contracts.errors import ErrorCode
from hubbub_contracts.types import TrackSource
from hubbub_signaling.domain.session_state import SessionState
from support.signaling_fakes import SENDS, FakeClient, SignalingRig, code, peer_record

NOTHING = Moderation()


def mutes(*sources: TrackSource, user_id: str = "ann") -> Moderation:
    return Moderation(muted=[MutedSource(user_id=user_id, source=each) for each in sources])


def roles(role: str, user_id: str = "ann") -> Moderation:
    return Moderation(roles=[AssignedRole.model_validate({"userId": user_id, "role": role})])


async def sending(rig: SignalingRig, *producer_ids: str) -> FakeClient:
    """A client whose microphones and record have these ids."""
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    for producer_id in producer_ids:
        client.session.resources.producers[producer_id] = "up"
    records = [ProducerRecord(producer_id=each, kind="audio", app_data={}, paused=False) for each in producer_ids]
    rig.backend.update_peer(client.peer_id, producers=records)
    client.socket.sent.clear()
    return client


def of_type(requests: list[Request[Any]], kind: type[Request[Any]]) -> list[Any]:
    return [each for each in requests if isinstance(each, kind)]


@pytest.mark.parametrize(
    ("event", "payload", "sent"),
    [
        ("mutePeer", {"source": "microphone"}, bus.MuteSource(room_id="r", peer_id="bob", source="microphone")),
        ("unmutePeer", {"source": "camera"}, bus.UnmuteSource(room_id="r", peer_id="bob", source="camera")),
        ("stopPeerSource", {"source": "screen"}, bus.StopSource(room_id="r", peer_id="bob", source="screen")),
        ("removePeer", {"ban": True}, bus.RemovePeer(room_id="r", peer_id="bob", ban=True)),
        ("lockRoom", {}, bus.SetRoomAccess(room_id="r", locked=True)),
        ("lockRoom", {"locked": False}, bus.SetRoomAccess(room_id="r", locked=False)),
        ("setLobby", {"enabled": True}, bus.SetRoomAccess(room_id="r", lobby=True)),
        ("admitPeer", {}, bus.AdmitPeer(room_id="r", peer_id="bob")),
        ("refusePeer", {}, bus.RefusePeer(room_id="r", peer_id="bob")),
        ("setRole", {"role": "listener"}, bus.SetRole(room_id="r", peer_id="bob", role="listener")),
        ("closeRoom", {}, bus.CloseRoom(room_id="r")),
        ("lowerHand", {}, bus.SetHand(room_id="r", peer_id="bob", raised=False)),
    ],
)
async def test_a_decision_reaches_the_registry(event: str, payload: dict[str, Any], sent: Request[Any]) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    assert code(await client.ask(event, {"peerId": "bob", **payload})) is None
    changed: dict[str, Any] = {"room_id": client.room_id}
    if isinstance(sent, bus.UnmuteSource):
        changed["asked_by"] = "ann"
    assert rig.backend.registry_requests[-1] == sent.model_copy(update=changed)


async def test_a_hand_of_ones_own_needs_no_name() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    for event, raised in (("raiseHand", True), ("lowerHand", False)):
        assert code(await client.ask(event)) is None
        message = rig.backend.registry_requests[-1]
        assert message == bus.SetHand(room_id=client.room_id, peer_id=client.peer_id, raised=raised)


async def test_a_join_tells_what_moderators_have_decided() -> None:
    rig = SignalingRig()
    rig.backend.peers["bob"] = peer_record("bob").model_copy(
        update={"user_id": "bob", "room_role": "listener", "hand_raised_at": 5}
    )
    rules = Moderation(
        locked=True,
        muted=[MutedSource(user_id="ann", source="camera"), MutedSource(user_id="bob", source="microphone")],
    )
    rig.backend.room = rig.backend.room.model_copy(update={"moderation": rules})
    answer = await rig.client().join()
    assert answer["moderation"] == {
        "role": "moderator",
        "locked": True,
        "lobby": False,
        "muted": ["camera"],
        "waiting": [],
    }
    (bob,) = answer["peers"]
    assert (bob["role"], bob["muted"], bob["handRaisedAt"]) == ("listener", ["microphone"], 5)


async def test_everybody_is_told_of_mutes_roles_hands_and_access() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.change_peer("bob", peer_record("bob").model_copy(update={"user_id": "bob"}))
    client.socket.sent.clear()
    for rules in (mutes("microphone", user_id="bob"), NOTHING, roles("listener", "bob"), Moderation(locked=True)):
        rig.backend.moderate(rules)
    rig.backend.update_peer("bob", hand_raised_at=7)
    rig.backend.update_peer("bob", hand_raised_at=None)
    told = [
        (event, {name: value for name, value in body.items() if name != "revision"})
        for event, body in client.socket.sent
    ]
    assert told == [
        ("peerMuted", {"peerId": "bob", "source": "microphone", "muted": True}),
        ("peerMuted", {"peerId": "bob", "source": "microphone", "muted": False}),
        ("roleChanged", {"peerId": "bob", "role": "listener"}),
        ("roomAccessChanged", {"locked": True, "lobby": False}),
        ("roleChanged", {"peerId": "bob", "role": "speaker"}),
        ("handRaised", {"peerId": "bob", "raisedAt": 7}),
        ("handLowered", {"peerId": "bob"}),
    ]


async def test_the_muted_and_the_asked_are_told_themselves() -> None:
    rig = SignalingRig()
    client, other = await rig.joined(), await rig.joined()
    rig.backend.update_peer(other.peer_id, user_id="bob")
    client.socket.sent.clear()
    other.socket.sent.clear()
    rig.backend.moderate(mutes("microphone"))
    asked = UnmuteRequest(request_id="1", source="microphone", asked_by="mia")
    rig.backend.update_peer(client.peer_id, unmute_request=asked)
    assert client.socket.pushes() == ["peerMuted", "unmuteRequested"]
    assert client.socket.sent[0][1]["peerId"] == client.peer_id
    assert client.socket.sent[1][1] == {"source": "microphone", "askedBy": "mia", "revision": rig.backend.revision}
    assert other.socket.pushes() == ["peerMuted"]


async def test_a_producer_of_a_muted_source_is_answered_as_paused() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    rig.backend.answers[AddProducer] = Registered(revision=11, paused=True)
    produce = {"transportId": "up", "kind": "audio", "rtpParameters": {}}
    assert (await client.ask("produce", produce))["paused"] is True
    del rig.backend.answers[AddProducer]
    assert "paused" not in await client.ask("produce", produce)
    rig.backend.answers[CreateProducer] = ProducerCreated(producer_id="p", paused=True)
    assert (await client.ask("produce", produce))["paused"] is True
    assert of_type(rig.backend.registry_requests, AddProducer)[-1].paused, "the room lists it as paused, too"


@pytest.mark.parametrize(
    ("payload", "source", "is_microphone"),
    [
        ({"kind": "audio"}, "microphone", True),
        ({"kind": "audio", "appData": {"source": "screen-audio"}}, "screen-audio", False),
        ({"kind": "audio", "appData": {"source": "my-own-word"}}, "microphone", True),
        ({"kind": "audio", "source": "screen-audio"}, "screen-audio", False),
        ({"kind": "video", "source": "screen", "appData": {"source": "camera"}}, "screen", True),
        ({"kind": "video"}, "camera", True),
    ],
)
async def test_the_source_of_a_track(payload: dict[str, Any], source: str, is_microphone: bool) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    await client.ask("produce", {"transportId": "up", "rtpParameters": {}, **payload})
    (created,) = of_type(rig.backend.node_requests, CreateProducer)
    (added,) = of_type(rig.backend.registry_requests, AddProducer)
    assert (created.source, added.source) == (source, source)
    assert payload["kind"] == "video" or created.is_microphone is is_microphone


@pytest.mark.parametrize("source", ["camera", "screen", "phone", 7])
async def test_a_source_that_audio_cannot_have_is_refused(source: object) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    produce = {"transportId": "up", "kind": "audio", "rtpParameters": {}, "source": source}
    assert code(await client.ask("produce", produce)) == "invalid_argument"


async def test_a_muted_producer_is_not_resumed() -> None:
    rig = SignalingRig()
    client = await sending(rig, "p")
    rig.backend.moderate(mutes("microphone"))
    assert code(await client.ask("resumeProducer", {"producerId": "p"})) == "muted"
    assert of_type(rig.backend.node_requests, ResumeProducer) == []
    rig.backend.moderate(NOTHING)
    assert code(await client.ask("resumeProducer", {"producerId": "p"})) is None


async def test_a_node_that_learns_late_of_a_lifted_mute_is_asked_again() -> None:
    rig = SignalingRig()
    client = await sending(rig, "p")
    late = HubbubError(ErrorCode.MUTED, "muted", retryable=True)
    rig.backend.answers[ResumeProducer] = [
        late,
        late,
        rig.backend._default(ResumeProducer(room_id="r", peer_id="p", producer_id="p")),
    ]
    assert code(await client.ask("resumeProducer", {"producerId": "p"})) is None
    assert len(of_type(rig.backend.node_requests, ResumeProducer)) == 3
    rig.backend.answers[ResumeProducer] = late
    assert code(await client.ask("resumeProducer", {"producerId": "p"})) == "muted"


async def test_a_stopped_producer_is_closed_on_the_node_and_its_client_told() -> None:
    rig = SignalingRig()
    client = await sending(rig, "screen", "camera")
    left = rig.backend.peers[client.peer_id].producers[1:]
    rig.backend.update_peer(client.peer_id, producers=left)
    await asyncio.sleep(0.01)
    assert [each.producer_id for each in of_type(rig.backend.node_requests, CloseProducer)] == ["screen"]
    assert [(event, body["producerId"], body["reason"]) for event, body in client.socket.sent] == [
        ("producerClosed", "screen", "stopped_by_moderator")
    ]


async def test_a_producer_that_its_client_closed_is_not_stopped() -> None:
    rig = SignalingRig()
    client = await sending(rig, "screen")
    await client.ask("closeProducer", {"producerId": "screen"})
    rig.backend.update_peer(client.peer_id, producers=[])
    await asyncio.sleep(0.01)
    assert len(of_type(rig.backend.node_requests, CloseProducer)) == 1
    assert client.socket.pushes() == []


async def test_a_move_is_no_stop() -> None:
    rig = SignalingRig()
    client = await sending(rig, "screen")
    rig.backend.update_peer(client.peer_id, producers=[], placement=Placement(node_id="another", epoch=1))
    await asyncio.sleep(0.01)
    assert client.socket.pushes() == ["transportClosed", "peerMoved"]


async def test_a_listener_loses_what_it_sends_and_may_send_nothing() -> None:
    rig = SignalingRig()
    client = await sending(rig, "p")
    rig.backend.moderate(roles("listener"))
    await asyncio.sleep(0.01)
    assert client.socket.pushes() == ["roleChanged", "producerClosed"]
    assert client.socket.sent[-1][1]["reason"] == "not_allowed"
    assert [each.producer_ids for each in of_type(rig.backend.registry_requests, RemoveProducers)] == [["p"]]
    produce = {"transportId": "up", "kind": "audio", "rtpParameters": {}}
    assert code(await client.ask("produce", produce)) == "not_allowed"
    assert code(await client.ask("mutePeer", {"peerId": "bob", "source": "camera"})) == "not_allowed"
    rig.backend.moderate(roles("speaker"))
    assert code(await client.ask("produce", produce)) is None
    assert code(await client.ask("mutePeer", {"peerId": "bob", "source": "camera"})) == "not_allowed"
    rig.backend.moderate(roles("moderator"))
    assert code(await client.ask("mutePeer", {"peerId": "bob", "source": "camera"})) is None


async def test_a_producer_that_was_added_during_the_change_of_the_role_is_closed() -> None:
    rig = SignalingRig()
    client = await sending(rig)
    rig.backend.moderate(roles("listener"))
    client.session.resources.producers["late"] = "up"
    late = ProducerRecord(producer_id="late", kind="audio", app_data={}, paused=False)
    rig.backend.update_peer(client.peer_id, producers=[late])
    await asyncio.sleep(0.01)
    assert [each.producer_id for each in of_type(rig.backend.node_requests, CloseProducer)] == ["late"]


async def test_a_role_ends_with_the_membership() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    rig.backend.moderate(roles("listener"))
    await client.ask("leaveRoom")
    assert client.session.access.identity.grants.may_moderate


@pytest.mark.parametrize(
    ("departed", "told"),
    [("kicked", "removed"), ("banned", "banned"), ("room_closed", "closed"), ("signaling_lost", "lost")],
)
async def test_a_removed_client_is_told_why(departed: str, told: str) -> None:
    rig = SignalingRig()
    client = await sending(rig, "p")
    rig.backend.change_peer(client.peer_id, None, departed)
    await asyncio.sleep(0.01)
    assert [(event, body["reason"]) for event, body in client.socket.sent] == [("roomClosed", told)]
    assert client.session.machine.state is SessionState.LEFT
    assert rig.backend.departures() == []
