"""What a client with an access token may do, and until when."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from hubbub_access import LEEWAY, Grants, KeySet, PublishLimits, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from hubbub_contracts.bus.captions import CaptionChanged
from hubbub_contracts.bus.consumer import CloseConsumer
from hubbub_contracts.bus.peer import ClaimPeer, JoinRoom
from hubbub_contracts.bus.producer import CloseProducer
from hubbub_contracts.bus.records import ProducerRecord
from hubbub_contracts.types import OpenMediaKind
from hubbub_signaling.domain.authorization import Grant
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedTransport
from hubbub_signaling.handlers import session_access
from hubbub_signaling.handlers.calls.catalogue import CALL_HANDLERS
from hubbub_signaling.handlers.catalogue import HANDLERS
from support.signaling_fakes import OTHER_NODE, RECEIVES, SENDS, FakeClient, SignalingRig, code

KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
ALL = Grants(rooms=("*",), join=True, publish=True, subscribe=True, moderate=True, calls=True, record=True)
NEEDED = {
    Grant.JOIN: "join",
    Grant.PUBLISH: "publish",
    Grant.SUBSCRIBE: "subscribe",
    Grant.CALLS: "calls",
    Grant.RECORD: "record",
    Grant.MODERATE: "moderate",
}
"""The field of each grant that a request can need."""


def token(grants: Grants = ALL, user_id: str = "ann", lifetime: float = 600.0, **options: Any) -> str:
    key = KEYS.signing_key
    assert key is not None
    return issue(
        key,
        user_id,
        grants,
        audience="hubbub",
        now=time.time(),
        lifetime=lifetime,
        token_id=ids.mint(),
        **options,
    )


@pytest.fixture
def rig() -> SignalingRig:
    """Signaling with access tokens."""
    return SignalingRig(tokens=TokenVerifier(KEYS, "hubbub"))


async def joined(rig: SignalingRig, grants: Grants = ALL, **options: Any) -> FakeClient:
    """A client in the room."""
    client = rig.client(token(grants, **options))
    answer = await client.join(resumable=True)
    assert "error" not in answer, answer
    return client


def test_every_request_names_its_grant() -> None:
    """The requests that need none act on what an earlier one, with a grant, has created."""
    grants = {event: handler.grant for event, handler in HANDLERS.items()}
    assert {event for event, grant in grants.items() if grant is Grant.ADMITTED} == {
        "leaveRoom",
        "createTransport",
        "connectTransport",
        "restartIce",
        "setMaxIncomingBitrate",
        "closeTransport",
        "closeProducer",
        "pauseProducer",
        "getProducers",
        "pauseConsumer",
        "closeConsumer",
        "getStats",
        "refreshToken",
        "raiseHand",
        "lowerHand",
        "moveDone",
    }
    assert set(grants.values()) == {
        Grant.ADMITTED,
        Grant.JOIN,
        Grant.PUBLISH,
        Grant.SUBSCRIBE,
        Grant.RECORD,
        Grant.MODERATE,
    }
    assert {handler.grant for event, handler in CALL_HANDLERS.items() if event != "refreshToken"} == {Grant.CALLS}


WELL_FORMED: dict[str, dict[str, Any]] = {
    "createRoom": {"callId": "call"},
    "joinRoom": {"callId": "call", "userId": "ann", "rtpCapabilities": {}},
    "resume": {"resumeToken": "room.peer.secret"},
    "produce": {"transportId": "t", "kind": "audio", "rtpParameters": {}},
    "resumeProducer": {"producerId": "p"},
    "consume": {"transportId": "t", "producerId": "p"},
    "resumeConsumer": {"consumerId": "c"},
    "setPreferredLayers": {"consumerId": "c", "spatialLayer": 0},
    "setConsumerPriority": {"consumerId": "c", "priority": 1},
    "requestKeyFrame": {"consumerId": "c"},
    "startCaptions": {},
    "stopCaptions": {},
    "startRecording": {},
    "stopRecording": {"recordingId": "r"},
    "mutePeer": {"peerId": "p", "source": "microphone"},
    "unmutePeer": {"peerId": "p", "source": "microphone"},
    "stopPeerSource": {"peerId": "p", "source": "screen"},
    "removePeer": {"peerId": "p"},
    "lockRoom": {},
    "setLobby": {"enabled": True},
    "admitPeer": {"peerId": "p"},
    "refusePeer": {"peerId": "p"},
    "setRole": {"peerId": "p", "role": "speaker"},
    "closeRoom": {},
}


@pytest.mark.parametrize("event", [event for event, handler in HANDLERS.items() if handler.grant is not Grant.ADMITTED])
async def test_a_request_without_its_grant_is_refused(rig: SignalingRig, event: str) -> None:
    field = NEEDED[HANDLERS[event].grant]
    without = ALL.model_copy(update={field: False})
    client = rig.client(token(without)) if field == "join" else await joined(rig, without)
    before = len(rig.backend.registry_requests)
    assert code(await client.ask(event, WELL_FORMED[event])) == "not_allowed"
    assert (len(rig.backend.registry_requests), rig.backend.node_requests) == (before, [])


async def test_what_is_said_goes_only_to_those_who_may_receive_tracks(rig: SignalingRig) -> None:
    listener = await joined(rig)
    sender = await joined(rig, ALL.model_copy(update={"subscribe": False}))
    line = CaptionChanged(peer_id="bob", segment_id="s", text="Hello", final=True, start=1, end=2)
    rig.backend.captions_feeds[listener.room_id].on_event(line)
    assert (listener.socket.pushes().count("captions"), sender.socket.pushes().count("captions")) == (1, 0)


@pytest.mark.parametrize("event", ["createRoom", "joinRoom"])
async def test_another_room_is_refused(rig: SignalingRig, event: str) -> None:
    client = rig.client(token(ALL.model_copy(update={"rooms": ("other",)})))
    assert code(await client.ask(event, WELL_FORMED[event])) == "not_allowed"
    assert rig.backend.registry_requests == []


@pytest.mark.parametrize("room_id", [ids.room_id("call"), "room"])
async def test_a_session_in_another_room_is_not_resumed(rig: SignalingRig, room_id: str) -> None:
    client = rig.client(token(ALL.model_copy(update={"rooms": ("other",)})))
    answer = await client.ask("resume", {"resumeToken": f"{room_id}.peer.secret"})
    assert code(answer) in {"not_allowed", "not_found"}
    assert rig.backend.registry_requests == []


async def test_the_token_names_the_user(rig: SignalingRig) -> None:
    client = rig.client(token(user_id="bob", display_name="Bob"))
    join = {"callId": "call", "userId": "mallory", "displayName": "Mallory", "rtpCapabilities": {}}
    assert code(await client.ask("joinRoom", join)) is None
    [request] = rig.backend.registry_requests
    assert isinstance(request, JoinRoom)
    assert (request.user_id, request.display_name, request.role) == ("bob", "Bob", "participant")


async def test_the_client_chooses_its_name_when_the_token_has_none(rig: SignalingRig) -> None:
    client = rig.client(token(user_id="bob"))
    await client.ask("joinRoom", {"callId": "call", "userId": "x", "displayName": "Bobby", "rtpCapabilities": {}})
    [request] = rig.backend.registry_requests
    assert isinstance(request, JoinRoom)
    assert (request.user_id, request.display_name) == ("bob", "Bobby")


async def test_a_hidden_client_joins_as_a_viewer(rig: SignalingRig) -> None:
    await joined(rig, ALL.model_copy(update={"hidden": True}))
    [request] = rig.backend.registry_requests
    assert isinstance(request, JoinRoom)
    assert request.role == "viewer"


async def test_a_resume_claims_the_peer_of_the_tokens_user(rig: SignalingRig) -> None:
    room_id = ids.room_id("call")
    await rig.client(token(user_id="bob")).ask("resume", {"resumeToken": f"{room_id}.peer.secret"})
    [request] = rig.backend.registry_requests
    assert isinstance(request, ClaimPeer)
    assert request.user_id == "bob"


async def test_only_granted_sources_are_produced(rig: SignalingRig) -> None:
    client = await joined(rig, ALL.model_copy(update={"publish": PublishLimits(kinds=("audio",))}))
    video = {**WELL_FORMED["produce"], "kind": "video", "appData": {"source": "camera"}}
    assert code(await client.ask("produce", video)) == "not_allowed"
    # Allowed, so the next rule answers.
    assert code(await client.ask("produce", {**video, "kind": "audio"})) == "not_found"


async def test_a_refreshed_token_closes_what_it_does_not_allow(rig: SignalingRig) -> None:
    client = await joined(rig)
    kinds: list[OpenMediaKind] = ["audio", "video"]
    records = [ProducerRecord(producer_id=kind, kind=kind, app_data={}, paused=False) for kind in kinds]
    client.session.resources.transports["transport"] = SENDS
    client.session.resources.producers = dict.fromkeys(kinds, "transport")
    record = rig.backend.peers[client.peer_id]
    rig.backend.change_peer(client.peer_id, record.model_copy(update={"producers": records}))
    voice = token(ALL.model_copy(update={"publish": PublishLimits(kinds=("audio",))}))
    answer = await client.ask("refreshToken", {"token": voice})
    assert answer["expiresAt"] > time.time() * 1000
    await rig.ports.outbox.drain()
    assert [one.producer_id for one in rig.backend.node_requests if isinstance(one, CloseProducer)] == ["video"]
    assert rig.backend.removed_producers() == [["video"]]
    [push] = [push for event, push in client.socket.sent if event == "producerClosed"]
    assert (push["producerId"], push["reason"]) == ("video", "not_allowed")
    assert code(await client.ask("produce", {**WELL_FORMED["produce"], "kind": "video"})) == "not_allowed"


async def test_a_refreshed_token_without_subscribe_closes_the_consumers(rig: SignalingRig) -> None:
    client = await joined(rig)
    client.session.resources.transports["transport"] = RECEIVES
    client.session.resources.consumers = {"c": OwnedConsumer("transport", "p")}
    assert code(await client.ask("refreshToken", {"token": token()})) is None
    assert client.session.resources.consumers.keys() == {"c"}
    mute = token(ALL.model_copy(update={"subscribe": False}))
    assert code(await client.ask("refreshToken", {"token": mute})) is None
    assert [one.consumer_id for one in rig.backend.node_requests if isinstance(one, CloseConsumer)] == ["c"]
    [push] = [push for event, push in client.socket.sent if event == "consumerClosed"]
    assert (push["consumerId"], push["producerId"], push["reason"]) == ("c", "p", "not_allowed")
    assert client.session.resources.consumers == {}


async def test_the_consumers_on_a_standby_are_closed_first(rig: SignalingRig) -> None:
    """It may take over while the first node does not answer."""
    client = await joined(rig)
    rig.backend.nodes[OTHER_NODE] = {}
    resources = client.session.resources
    resources.transports = {"down": RECEIVES, "there": OwnedTransport("recv", OTHER_NODE)}
    resources.standby = OTHER_NODE
    resources.consumers = {"shown": OwnedConsumer("down", "p"), "held": OwnedConsumer("there", "p")}
    deaf = token(ALL.model_copy(update={"subscribe": False}))
    assert code(await client.ask("refreshToken", {"token": deaf})) is None
    closed = [one.consumer_id for one in rig.backend.node_requests if isinstance(one, CloseConsumer)]
    assert closed == ["held", "shown"]


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"user_id": "bob"}, "not_allowed"),
        ({"grants": ALL.model_copy(update={"rooms": ("other",)})}, "not_allowed"),
        ({"lifetime": -LEEWAY - 1}, "unauthenticated"),
    ],
)
async def test_a_refresh_is_refused_and_the_present_token_holds(
    rig: SignalingRig, other: dict[str, Any], error: str
) -> None:
    client = await joined(rig)
    assert code(await client.ask("refreshToken", {"token": token(**other)})) == error
    assert code(await client.ask("refreshToken", {"token": "no token"})) == "unauthenticated"
    assert code(await client.ask("getProducers")) is None
    assert client.session.access.identity.user_id == "ann"


async def test_without_access_tokens_a_refresh_is_unsupported() -> None:
    client = await SignalingRig().joined()
    assert code(await client.ask("refreshToken", {"token": token()})) == "unsupported"


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_client_is_told_before_its_token_expires(rig: SignalingRig) -> None:
    client = await joined(rig, lifetime=session_access.WARNING - 1)
    await until(lambda: any(event == "tokenExpiring" for event, _ in client.socket.sent))
    assert not client.socket.closed
    other = await joined(rig, lifetime=session_access.WARNING + 60)
    await asyncio.sleep(0)
    assert all(event != "tokenExpiring" for event, _ in other.socket.sent)


async def test_a_peer_leaves_when_its_token_expires(rig: SignalingRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_access, "LEEWAY", 0.0)
    client = await joined(rig, lifetime=3.0)
    await until(lambda: client.socket.closed)
    await rig.ports.outbox.drain()
    assert [reason for _, reason in rig.backend.departures()] == ["removed"]
    assert code(await client.ask("getProducers")) == "invalid_state"


async def test_a_refreshed_token_puts_the_expiry_off(rig: SignalingRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_access, "LEEWAY", 0.0)
    short, kept = await joined(rig, lifetime=3.0), await joined(rig, lifetime=3.0)
    assert code(await kept.ask("refreshToken", {"token": token()})) is None
    await until(lambda: short.socket.closed)
    assert not kept.socket.closed
