"""A session's requests: validation, order, answers, and entering a room."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.bus.peer import JoinRoom
from hubbub_contracts.bus.producer import AddProducer, CreateProducer, ProducerCreated
from hubbub_contracts.bus.room import RoomSnapshot
from hubbub_signaling.domain.session_state import SessionState
from hubbub_signaling.handlers.catalogue import HANDLERS
from hubbub_signaling.handlers.context import RequestContext
from support.signaling_fakes import SENDS, SignalingRig, code, peer_record, unavailable, with_handler

PAYLOADS: dict[str, dict[str, Any]] = {
    "createRoom": {"callId": "call"},
    "joinRoom": {"callId": "call", "userId": "ann", "rtpCapabilities": {}},
    "resume": {"resumeToken": "room.peer.secret"},
    "leaveRoom": {},
    "createTransport": {"direction": "send"},
    "restartIce": {"transportId": "up"},
    "closeTransport": {"transportId": "up"},
    "closeProducer": {"producerId": "camera"},
    "pauseProducer": {"producerId": "camera"},
    "resumeProducer": {"producerId": "camera"},
    "getProducers": {},
    "resumeConsumer": {"consumerId": "remote"},
    "pauseConsumer": {"consumerId": "remote"},
    "setPreferredLayers": {"consumerId": "remote", "spatialLayer": 0},
    "requestKeyFrame": {"consumerId": "remote"},
    "closeConsumer": {"consumerId": "remote"},
}
"""The requests whose payload is short."""


async def done(_context: RequestContext, _request: Any) -> Done:
    return Done()


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("event", PAYLOADS)
async def test_a_request_is_allowed_in_the_states_of_its_row(event: str, state: SessionState) -> None:
    rig = SignalingRig(with_handler(event, done))
    client = rig.client()
    client.session.machine.state = state
    answer = await client.ask(event, PAYLOADS[event])
    assert code(answer) == (None if state in HANDLERS[event].states else "invalid_state")


@pytest.mark.parametrize(
    ("event", "payload", "error", "text", "label"),
    [
        pytest.param("dance", {}, "unknown_event", "there is no event 'dance'", "unknown", id="unknown event"),
        pytest.param("connect", {}, "unknown_event", "there is no event 'connect'", "unknown", id="library event"),
        pytest.param("joinRoom", None, "invalid_argument", "callId: Field required", "joinRoom", id="no payload"),
        pytest.param("leaveRoom", [], "invalid_argument", "payload: ", "leaveRoom", id="not an object"),
        pytest.param("createRoom", {"callId": 7}, "invalid_argument", "callId: ", "createRoom", id="wrong type"),
    ],
)
async def test_an_invalid_request_is_refused(event: str, payload: object, error: str, text: str, label: str) -> None:
    rig = SignalingRig()
    answer = await rig.client().ask(event, payload)
    assert code(answer) == error
    assert answer["error"]["message"].startswith(text)
    assert rig.telemetry.answered == [(label, error)]
    assert rig.backend.registry_requests == []


async def test_a_join_of_a_room_that_is_followed_waits_for_its_feed() -> None:
    rig = SignalingRig()
    ann = await rig.joined()
    backend, known = rig.backend, rig.backend.revision
    written = known + 1

    async def answer(request: JoinRoom) -> RoomSnapshot:
        assert request.known_revision == known
        record = peer_record(request.peer_id, claim_id=request.claim_id)
        asyncio.get_running_loop().call_soon(backend.change_peer, request.peer_id, record)
        return RoomSnapshot(room=backend.room, peers=[record], revision=written, partial=True)

    backend.answers[JoinRoom] = answer
    bob = rig.client()
    joined = await bob.join()
    assert {peer["peerId"] for peer in joined["peers"]} == {ann.peer_id}
    assert (joined["peerId"], joined["revision"]) == (bob.peer_id, written)
    assert ann.socket.pushes() == ["peerJoined"]


async def test_an_absent_payload_is_an_empty_one() -> None:
    rig = SignalingRig()
    assert await (await rig.joined()).ask("getProducers", None) == {"producers": []}


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        pytest.param(HubbubError(ErrorCode.QUOTA_EXCEEDED, "room is full"), "quota_exceeded", id="an expected error"),
        pytest.param(ValueError("a bug"), "internal", id="a bug"),
    ],
)
async def test_a_failed_handler_is_answered_and_the_session_goes_on(error: Exception, answered: str) -> None:
    async def fail(_context: RequestContext, _request: Any) -> Done:
        raise error

    rig = SignalingRig(with_handler("getProducers", fail))
    client = await rig.joined()
    answer = await client.ask("getProducers")
    assert code(answer) == answered
    assert "a bug" not in answer["error"]["message"]
    assert await client.ask("leaveRoom") == {}
    assert rig.telemetry.answered == [("joinRoom", "ok"), ("getProducers", answered), ("leaveRoom", "ok")]


async def test_leaving_cancels_pending_requests_and_each_is_answered_once() -> None:
    async def hang(_context: RequestContext, _request: Any) -> Done:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    client = await SignalingRig(with_handler("closeTransport", hang)).joined()
    client.session.resources.transports["up"] = SENDS
    for _ in range(3):
        client.send("closeTransport", {"transportId": "up"})
    await asyncio.sleep(0)
    assert await client.ask("leaveRoom") == {}
    await asyncio.sleep(1)
    answers = [code(answer) for event, answer in client.socket.sent if event == "ack"]
    assert Counter(answers) == {"cancelled": 3, None: 1}


async def test_requests_beyond_the_limit_are_refused() -> None:
    async def hang(_context: RequestContext, _request: Any) -> Done:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    client = await SignalingRig(with_handler("getProducers", hang)).joined()
    for _ in range(256):
        client.send("getProducers")
    answer = await client.ask("getProducers")
    assert code(answer) == "rate_limited"
    assert answer["error"]["retryable"]
    await client.session.close()


async def test_a_repeated_operation_gets_its_first_answer_and_is_done_once() -> None:
    calls: list[str] = []

    async def count(context: RequestContext, _request: Any) -> Done:
        calls.append(context.new_id())
        await asyncio.sleep(1)
        if len(calls) == 1:
            raise unavailable()
        return Done()

    client = await SignalingRig(with_handler("createTransport", count)).joined()
    create = {"direction": "send", "operationId": "same"}
    answers = await asyncio.gather(*(client.ask("createTransport", create) for _ in range(4)))
    assert [code(answer) for answer in answers] == ["unavailable", None, None, None]
    assert len(calls) == 2, "an error is not remembered"


@pytest.mark.parametrize(
    ("error", "departs"),
    [
        pytest.param(HubbubError(ErrorCode.QUOTA_EXCEEDED, "room is full"), False, id="refused"),
        pytest.param(unavailable(), True, id="unavailable"),
        pytest.param(HubbubError(ErrorCode.DEADLINE_EXCEEDED, "no answer"), True, id="timed out"),
        pytest.param(HubbubError(ErrorCode.TOO_LARGE, "the reply"), True, id="reply not sent"),
        pytest.param(HubbubError(ErrorCode.INTERNAL, "malformed reply"), True, id="reply not understood"),
    ],
)
async def test_a_failed_join_removes_the_peer_if_it_may_exist(error: HubbubError, departs: bool) -> None:
    rig = SignalingRig()
    rig.backend.answers[JoinRoom] = error
    client = rig.client()
    assert code(await client.join()) == error.code
    await rig.ports.outbox.drain()
    join = rig.backend.registry_requests[0]
    assert isinstance(join, JoinRoom)
    assert rig.backend.departures() == ([(join.peer_id, "left")] if departs else [])
    assert rig.backend.open_subscriptions() == 0
    del rig.backend.answers[JoinRoom]
    assert code(await client.join()) is None


async def test_a_socket_that_is_lost_while_joining_leaves_no_peer() -> None:
    rig = SignalingRig()

    async def hang(_: JoinRoom) -> Model:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    rig.backend.answers[JoinRoom] = hang
    client = rig.client()
    joining = asyncio.create_task(client.join())
    await asyncio.sleep(1)
    await rig.manager.socket_lost(client.session, closed_by_client=True)
    assert code(await joining) == "cancelled"
    await rig.ports.outbox.drain()
    assert [reason for _, reason in rig.backend.departures()] == ["left"]
    assert rig.backend.open_subscriptions() == 0


async def test_a_socket_that_is_lost_when_the_reply_to_its_join_arrives_leaves_no_peer() -> None:
    rig = SignalingRig()
    stored = asyncio.Event()

    async def answer(message: JoinRoom) -> Model:
        await stored.wait()
        del rig.backend.answers[JoinRoom]
        return await rig.backend.registry(message)

    rig.backend.answers[JoinRoom] = answer
    client = rig.client()
    joining = asyncio.create_task(client.join())
    await asyncio.sleep(1)
    stored.set()
    await rig.manager.socket_lost(client.session, closed_by_client=True)
    await joining
    await rig.ports.outbox.drain()
    assert len(rig.backend.departures()) == 1
    assert rig.manager.serving == 0
    assert rig.backend.open_subscriptions() == 0


async def test_a_join_lists_the_other_peers_only() -> None:
    rig = SignalingRig()
    rig.backend.peers["bob"] = peer_record("bob", "camera")
    joined = await rig.client().join()
    assert [peer["peerId"] for peer in joined["peers"]] == ["bob"]
    assert joined["revision"] == rig.backend.revision


async def test_an_operation_id_of_another_event_is_a_conflict_and_does_nothing() -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    client.session.resources.producers["camera"] = "up"
    pending = asyncio.create_task(client.ask("pauseProducer", {"producerId": "camera", "operationId": "1"}))
    await asyncio.sleep(0)
    for _ in ("while it is pending", "once it is answered"):
        refused = await client.ask("closeProducer", {"producerId": "camera", "operationId": "1"})
        assert (code(refused), refused["error"]["retryable"]) == ("conflict", False)
        assert await pending == {}
    assert client.session.resources.producers == {"camera": "up"}
    assert await client.ask("closeProducer", {"producerId": "camera", "operationId": "2"}) == {}


async def test_a_repeated_create_answers_what_the_node_has_created_before() -> None:
    rig = SignalingRig()
    rig.backend.answers[CreateProducer] = ProducerCreated(producer_id="first")
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    produce = {"transportId": "up", "kind": "audio", "rtpParameters": {}, "operationId": "1"}
    assert await client.ask("produce", produce) == {"id": "first"}
    sent = [one.operation_id for one in rig.backend.node_requests if isinstance(one, CreateProducer)]
    added = [one.producer_id for one in rig.backend.registry_requests if isinstance(one, AddProducer)]
    assert (sent, added, client.session.resources.producers) == (["1"], ["first"], {"first": "up"})


@pytest.mark.parametrize(
    ("default", "named", "expected"),
    [(None, {}, None), ("eu", {}, "eu"), ("eu", {"region": "us"}, "us"), (None, {"region": "us"}, "us")],
)
async def test_a_client_is_in_the_region_that_it_names_else_in_that_of_the_instance(
    default: str | None, named: dict[str, str], expected: str | None
) -> None:
    rig = SignalingRig(region=default)
    await rig.client().ask("joinRoom", PAYLOADS["joinRoom"] | named)
    [join] = [one for one in rig.backend.registry_requests if isinstance(one, JoinRoom)]
    assert join.region == expected
