"""Invalid requests get an error with a stable code and change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from hubbub_client.transport.rtp_transport import certificate, fingerprint_of
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS
from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.installation import Installation
from support.no_side_effects import no_side_effects

WITHOUT_IDS = {
    "leaveRoom",
    "getProducers",
    "createTransport",
    "startCaptions",
    "stopCaptions",
    "startRecording",
    "stopRecording",
    "lockRoom",
    "setLobby",
    "closeRoom",
    "raiseHand",
    "lowerHand",
    "moveDone",
}
"""Events that name nothing which belongs to a peer."""
EVENTS_BEFORE_JOIN = {"createRoom", "joinRoom", "resume", "refreshToken"}
NOT_STRINGS: tuple[Any, ...] = (7, True, [], {})
"""Values that are not strings."""
NOT_OBJECTS: tuple[Any, ...] = (7, True, [], "text")
"""Values that are not objects."""
NOT_NUMBERS: tuple[Any, ...] = (True, [], {}, "text")
"""Values that are not numbers."""
NOT_BOOLEANS: tuple[Any, ...] = (0, 1, [], {}, "true")
"""Values that are not booleans."""
WRONG: dict[type, tuple[Any, ...]] = {str: NOT_STRINGS, int: NOT_NUMBERS, dict: NOT_OBJECTS, bool: NOT_BOOLEANS}
"""By the type of a field's value: values of other types."""


@dataclass
class Scenario:
    """Alice sends to Bob, Carol is in another room, Dave is in no room."""

    call_id: str
    alice: Caller
    bob: Caller
    carol: Caller
    dave: Caller
    alice_sends: str
    alice_producer: str
    bob_receives: str
    bob_consumer: str
    carol_sends: str
    carol_producer: str

    installation: Installation

    def no_side_effects(self) -> AbstractAsyncContextManager[None]:
        """Asserts that the block has no effect."""
        return no_side_effects(
            self.installation,
            [self.alice, self.bob, self.carol],
            rooms=2,
            peers=3,
            producers=2,
            transports=4,
            consumers=1,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Transports that never connect live as long as a test."""
    with Installation(tmp_path_factory.mktemp("wrong"), environment={"HANDSHAKE_TIMEOUT": "120"}) as running:
        yield running


@pytest.fixture
async def scenario(installation: Installation, call_id: str) -> AsyncIterator[Scenario]:
    """The scenario, without media packets."""
    url = installation.url
    async with Caller(url) as alice, Caller(url) as bob, Caller(url) as carol, Caller(url) as dave:
        await alice.join(call_id)
        await bob.join(call_id)
        await carol.join(f"{call_id}!")
        alice_sends = await transport(alice, "send")
        bob_receives = await transport(bob, "recv")
        carol_sends = await transport(carol, "send")
        await transport(carol, "recv")
        alice_producer = await produce(alice, alice_sends)
        await bob.event("newProducer")
        consumed = await bob.call("consume", transportId=bob_receives, producerId=alice_producer)
        carol_producer = await produce(carol, carol_sends)
        yield Scenario(
            call_id,
            alice,
            bob,
            carol,
            dave,
            alice_sends,
            alice_producer,
            bob_receives,
            consumed["id"],
            carol_sends,
            carol_producer,
            installation,
        )


async def transport(caller: Caller, direction: str) -> str:
    return str((await caller.call("createTransport", direction=direction))["id"])


async def produce(caller: Caller, transport_id: str) -> str:
    produced = await caller.call(
        "produce", transportId=transport_id, kind="video", rtpParameters=rtp_parameters("video", 4711)
    )
    return str(produced["id"])


async def code(caller: Caller, event: str, payload: Any) -> str:
    """The error code, or `ok`."""
    answer = await caller.request(event, payload)
    if "error" not in answer:
        return "ok"
    assert set(answer["error"]) == {"code", "message", "retryable"}
    return str(answer["error"]["code"])


def dtls() -> dict[str, Any]:
    return {"role": "client", "fingerprints": [fingerprint_of(certificate()).wire()]}


def well_formed(transport_id: str, producer_id: str, consumer_id: str, call_id: str) -> dict[str, dict[str, Any]]:
    """A well-formed payload for every event."""
    return {
        "createRoom": {"callId": call_id},
        "joinRoom": {"callId": call_id, "userId": "u", "rtpCapabilities": rtp_capabilities()},
        "leaveRoom": {},
        "resume": {"resumeToken": "cm9vbQ.peer.secret"},
        "createTransport": {"direction": "send"},
        "connectTransport": {"transportId": transport_id, "dtlsParameters": dtls()},
        "restartIce": {"transportId": transport_id},
        "closeTransport": {"transportId": transport_id},
        "produce": {
            "transportId": transport_id,
            "kind": "audio",
            "rtpParameters": rtp_parameters("audio", 99, mid="9"),
        },
        "closeProducer": {"producerId": producer_id},
        "pauseProducer": {"producerId": producer_id},
        "resumeProducer": {"producerId": producer_id},
        "getProducers": {},
        "moveDone": {},
        "consume": {"transportId": transport_id, "producerId": producer_id},
        "resumeConsumer": {"consumerId": consumer_id},
        "pauseConsumer": {"consumerId": consumer_id},
        "setPreferredLayers": {"consumerId": consumer_id, "spatialLayer": 0},
        "setConsumerPriority": {"consumerId": consumer_id, "priority": 2},
        "setMaxIncomingBitrate": {"transportId": transport_id, "bitrate": 1_000_000},
        "requestKeyFrame": {"consumerId": consumer_id},
        "refreshToken": {"token": "a.b.c"},
        "startCaptions": {},
        "stopCaptions": {},
        "getStats": {"transportId": transport_id},
        "startRecording": {},
        "stopRecording": {"recordingId": "nothing"},
        "closeConsumer": {"consumerId": consumer_id},
        "mutePeer": {"peerId": "nobody", "source": "camera"},
        "unmutePeer": {"peerId": "nobody", "source": "camera"},
        "stopPeerSource": {"peerId": "nobody", "source": "screen"},
        "removePeer": {"peerId": "nobody"},
        "lockRoom": {},
        "setLobby": {"enabled": True},
        "admitPeer": {"peerId": "nobody"},
        "refusePeer": {"peerId": "nobody"},
        "setRole": {"peerId": "nobody", "role": "speaker"},
        "closeRoom": {},
        "raiseHand": {},
        "lowerHand": {},
    }


async def test_other_events_before_joining_are_rejected(installation: Installation, call_id: str) -> None:
    payloads = well_formed("t", "p", "c", call_id)
    assert set(payloads) == set(CLIENT_REQUESTS)
    async with Caller(installation.url) as dave:
        got = {event: await code(dave, event, payloads[event]) for event in payloads if event not in EVENTS_BEFORE_JOIN}
        assert set(got.values()) == {"invalid_state"}, got
        assert await code(dave, "joinRoom", payloads["joinRoom"]) == "room_not_found"


async def test_second_join_and_resume_in_a_room_are_rejected(scenario: Scenario, call_id: str) -> None:
    async with scenario.no_side_effects():
        payloads = well_formed("t", "p", "c", call_id)
        assert await code(scenario.alice, "joinRoom", payloads["joinRoom"]) == "invalid_state"
        assert await code(scenario.alice, "resume", payloads["resume"]) == "invalid_state"


async def test_missing_or_wrongly_typed_field_is_an_invalid_argument(scenario: Scenario, call_id: str) -> None:
    got: dict[str, str] = {}
    async with scenario.no_side_effects():
        payloads = well_formed(scenario.alice_sends, scenario.alice_producer, "nobody", call_id)
        for event, payload in payloads.items():
            caller = scenario.dave if event in EVENTS_BEFORE_JOIN else scenario.alice
            for name, value in payload.items():
                absent = {key: kept for key, kept in payload.items() if key != name}
                for bad in (
                    {**payload, name: None},
                    absent,
                    *({**payload, name: other} for other in WRONG[type(value)]),
                ):
                    got[f"{event} {bad}"] = await code(caller, event, bad)
    assert {what: answer for what, answer in got.items() if answer != "invalid_argument"} == {}


async def test_payload_that_is_not_an_object_is_an_invalid_argument(scenario: Scenario) -> None:
    async with scenario.no_side_effects():
        for event in well_formed("", "", "", ""):
            caller = scenario.dave if event in EVENTS_BEFORE_JOIN else scenario.alice
            for payload in ("text", 7, [], ["x"], True, 1e400):
                assert await code(caller, event, payload) == "invalid_argument", (event, payload)


async def test_unknown_ids_and_ids_of_other_peers_are_not_found(scenario: Scenario, call_id: str) -> None:
    of_carol = (scenario.carol_sends, scenario.carol_producer, "nobody")
    attempts: list[tuple[Caller, str, dict[str, Any]]] = [
        *(
            (scenario.alice, event, {"consumerId": scenario.bob_consumer})
            for event in CLIENT_REQUESTS
            if event.endswith("Consumer")
        ),
        (scenario.bob, "consume", {"transportId": scenario.bob_receives, "producerId": "nobody"}),
        (scenario.bob, "consume", {"transportId": scenario.bob_receives, "producerId": scenario.carol_producer}),
    ]
    for ids in (("nobody",) * 3, (scenario.alice_sends, scenario.alice_producer, "nobody"), of_carol):
        for event, payload in well_formed(*ids, call_id).items():
            if event not in {*EVENTS_BEFORE_JOIN, *WITHOUT_IDS}:
                attempts.append((scenario.bob, event, payload))

    got: dict[str, str] = {}
    async with scenario.no_side_effects():
        for caller, event, payload in attempts:
            got[f"{event} {payload}"] = await code(caller, event, payload)
    assert {what: answer for what, answer in got.items() if answer != "not_found"} == {}


async def test_media_in_the_wrong_direction_is_an_invalid_state(scenario: Scenario) -> None:
    async with scenario.no_side_effects():
        audio = {"kind": "audio", "rtpParameters": rtp_parameters("audio", 99, mid="9")}
        assert await code(scenario.bob, "produce", {"transportId": scenario.bob_receives, **audio}) == "invalid_state"
        consume = {"transportId": scenario.alice_sends, "producerId": scenario.alice_producer}
        assert await code(scenario.alice, "consume", consume) == "invalid_state"


async def test_codec_that_the_client_cannot_receive_is_unsupported(scenario: Scenario) -> None:
    async with scenario.no_side_effects():
        only_audio = rtp_capabilities()
        only_audio["codecs"] = [codec for codec in only_audio["codecs"] if codec["kind"] == "audio"]
        consume = {"transportId": scenario.bob_receives, "producerId": scenario.alice_producer}
        assert await code(scenario.bob, "consume", {**consume, "rtpCapabilities": only_audio}) == "unsupported"


async def test_codec_that_the_router_does_not_have_is_unsupported(scenario: Scenario) -> None:
    async with scenario.no_side_effects():
        parameters = rtp_parameters("video", 99, mid="9")
        parameters["codecs"][0]["mimeType"] = "video/theora"
        payload = {"transportId": scenario.alice_sends, "kind": "video", "rtpParameters": parameters}
        assert await code(scenario.alice, "produce", payload) == "unsupported"


def nested(levels: int) -> dict[str, Any]:
    """An object with that many levels of arrays."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return {"a": value}


@pytest.mark.parametrize(
    "value",
    [*(nested(levels) for levels in (32, 197, 260)), {"nick": "Zo\ud83d"}, {"Zo\ud83d": 1}],
    ids=["32 levels", "197 levels", "260 levels", "half a character", "key with half a character"],
)
async def test_value_that_another_service_cannot_read_is_an_invalid_argument(scenario: Scenario, value: Any) -> None:
    payloads = well_formed(scenario.alice_sends, scenario.alice_producer, "c", scenario.call_id)
    parameters = rtp_parameters("audio", 99, mid="9")
    got: dict[str, str] = {}
    async with scenario.no_side_effects():
        for field in ("appData", "rtpCapabilities", "sctpCapabilities"):
            got[f"joinRoom {field}"] = await code(scenario.dave, "joinRoom", {**payloads["joinRoom"], field: value})
        produce = payloads["produce"]
        got["produce appData"] = await code(scenario.alice, "produce", {**produce, "appData": value})
        for field in ("x", "mid", "rtcp"):
            wrong = {**produce, "rtpParameters": {**parameters, field: value}}
            got[f"produce {field}"] = await code(scenario.alice, "produce", wrong)
    assert set(got.values()) == {"invalid_argument"}, got


@pytest.mark.parametrize("region", ["", "EU", "eu west", "eu_west", "e" * 33, "é", "eu\n", 7, []])
async def test_a_wrong_region_is_an_invalid_argument(scenario: Scenario, region: Any) -> None:
    join = well_formed("t", "p", "c", scenario.call_id)["joinRoom"]
    async with scenario.no_side_effects():
        answer = await scenario.dave.request("joinRoom", {**join, "region": region})
    assert answer["error"]["code"] == "invalid_argument"
    assert "region" in answer["error"]["message"]


@pytest.mark.parametrize("audience", ["yes", 1, [], {}])
async def test_a_wrong_audience_is_an_invalid_argument(scenario: Scenario, audience: Any) -> None:
    join = well_formed("t", "p", "c", scenario.call_id)["joinRoom"]
    async with scenario.no_side_effects():
        answer = await scenario.dave.request("joinRoom", {**join, "audience": audience})
    assert answer["error"]["code"] == "invalid_argument"
    assert "audience" in answer["error"]["message"]


async def test_only_a_peer_that_moves_has_a_next_home(scenario: Scenario) -> None:
    payloads = well_formed(scenario.alice_sends, scenario.alice_producer, "c", scenario.call_id)
    create, video = payloads["createTransport"], {"kind": "video", "rtpParameters": rtp_parameters("video", 99, "9")}
    produce = {**payloads["produce"], **video}
    got: dict[str, str] = {}
    async with scenario.no_side_effects():
        for home in ("", "last", *NOT_STRINGS):
            got[f"home {home!r}"] = await code(scenario.alice, "createTransport", {**create, "home": home})
        for replaces in ("", "p" * 65, "a b", *NOT_STRINGS):
            got[f"replaces {replaces!r}"] = await code(scenario.alice, "produce", {**produce, "replaces": replaces})
        wrong_features: tuple[Any, ...] = ("makeBeforeBreak", ["f" * 33], ["f"] * 17, [7], {})
        for features in wrong_features:
            join = {**payloads["joinRoom"], "features": features}
            got[f"features {features!r}"] = await code(scenario.dave, "joinRoom", join)
        assert set(got.values()) == {"invalid_argument"}, got
        assert await code(scenario.alice, "createTransport", {**create, "home": "next"}) == "invalid_state"
        other_kind = {**payloads["produce"], "replaces": scenario.alice_producer}
        assert await code(scenario.alice, "produce", other_kind) == "invalid_argument"
        for replaces in ("nobody", scenario.carol_producer):
            assert await code(scenario.alice, "produce", {**produce, "replaces": replaces}) == "not_found"
        replace = {**produce, "replaces": scenario.alice_producer}
        assert await code(scenario.alice, "produce", replace) == "conflict", "another request about the same producer"


async def test_a_standby_that_no_node_can_be(scenario: Scenario) -> None:
    payloads = well_formed(scenario.alice_sends, scenario.alice_producer, "c", scenario.call_id)
    create, got = payloads["createTransport"], dict[str, str]()
    async with scenario.no_side_effects():
        for home in ("Standby", "standby ", "standby\0", ["standby"], {"standby": True}):
            got[f"home {home!r}"] = await code(scenario.alice, "createTransport", {**create, "home": home})
        assert set(got.values()) == {"invalid_argument"}, got
        for direction in ("send", "recv"):
            answer = await scenario.alice.request("createTransport", {"direction": direction, "home": "standby"})
            assert answer["error"]["code"] == "unavailable", "there is one media node"
        assert await code(scenario.dave, "createTransport", {**create, "home": "standby"}) == "invalid_state"
        assert await code(scenario.alice, "moveDone", {}) == "ok", "no move is under way"
        assert await code(scenario.dave, "moveDone", {}) == "invalid_state"


SHA_256 = "AB:" * 31 + "AB"


@pytest.mark.parametrize(
    "parameters",
    [
        {"role": "client"},
        {"role": "client", "fingerprints": []},
        {"role": "client", "fingerprints": [{"algorithm": "sha-256"}]},
        {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": ""}]},
        {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": SHA_256[:-3]}]},
        {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": SHA_256.replace("A", "G")}]},
        {"role": "client", "fingerprints": [{"algorithm": "md5", "value": "AB:" * 15 + "AB"}]},
        {"role": "leader", "fingerprints": [{"algorithm": "sha-256", "value": SHA_256}]},
    ],
    ids=["missing", "none", "no value", "empty value", "too short", "not hexadecimal", "weak digest", "no such role"],
)
async def test_bad_dtls_parameters_are_an_invalid_argument_and_can_be_corrected(
    installation: Installation, call_id: str, parameters: dict[str, Any]
) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        transport_id = await transport(alice, "send")
        bad = {"transportId": transport_id, "dtlsParameters": parameters}
        assert await code(alice, "connectTransport", bad) == "invalid_argument"
        assert await code(alice, "connectTransport", {"transportId": transport_id, "dtlsParameters": dtls()}) == "ok"


async def test_transport_is_connected_once(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        payload = {"transportId": await transport(alice, "send"), "dtlsParameters": dtls()}
        assert await code(alice, "connectTransport", payload) == "ok"
        assert await code(alice, "connectTransport", payload) == "invalid_state"


async def test_unknown_events_have_no_effect(scenario: Scenario) -> None:
    async with scenario.no_side_effects():
        for event in (
            "connect",
            "disconnect",
            "message",
            "connect_error",
            "*",
            "__class__",
            "",
            "JoinRoom",
            "x" * 999,
        ):
            assert await code(scenario.alice, event, {}) == "unknown_event", event


async def test_absent_and_null_payloads_are_read_as_empty(scenario: Scenario) -> None:
    assert len((await scenario.bob.request("getProducers"))["producers"]) == 1
    assert len((await scenario.bob.request("getProducers", None))["producers"]) == 1
    assert (await scenario.bob.request("createTransport", None))["error"]["code"] == "invalid_argument"


async def test_events_without_acknowledgement_take_effect(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob:
        await bob.join(call_id)
        await alice.emit("joinRoom", {"callId": call_id, "userId": "alice", "rtpCapabilities": rtp_capabilities()})
        await bob.event("peerJoined", userId="alice")
        await alice.emit("leaveRoom")
        await bob.event("peerLeft", userId="alice", reason="left")


@pytest.mark.parametrize(
    "name", [">", "*", "a.b.*", "a b", "  ", "ß→日本🎥", "../..", "$KV.rooms.>", "x" * 64, "🎥" * 64]
)
async def test_any_text_is_a_valid_call_id(installation: Installation, name: str) -> None:
    async with Caller(installation.url) as alice, Caller(installation.url) as bob, Caller(installation.url) as carol:
        await carol.join(f"{name[:60]}...")
        joined = await alice.join(name)
        assert joined["peers"] == []
        assert [peer["peerId"] for peer in (await bob.join(name))["peers"]] == [alice.peer_id]
        await alice.event("peerJoined", peerId=bob.peer_id)
        assert carol.events("peerJoined") == []


@pytest.mark.parametrize("name", ["", "x" * 65, "\ud800"], ids=["empty", "too long", "half a character"])
async def test_empty_long_or_malformed_call_id_is_an_invalid_argument(installation: Installation, name: str) -> None:
    async with Caller(installation.url) as alice:
        assert await code(alice, "createRoom", {"callId": name}) == "invalid_argument"
